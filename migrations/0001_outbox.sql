-- Outbox: append-only, one index, partitioned by seq. Column order, identity kind and cache are
-- load-bearing (xid is assigned before seq is drawn); the relay asserts them at start.
CREATE TABLE outbox (
  shard       smallint    NOT NULL,
  xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
  seq         bigint      GENERATED ALWAYS AS IDENTITY (CACHE 1),
  topic       text        NOT NULL,
  key         bytea       NOT NULL,
  event_id    text        NOT NULL,
  payload     bytea,
  occurred_at timestamptz NOT NULL,
  traceparent text,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (seq);
CREATE INDEX outbox_walk ON outbox (shard, seq);

-- Built aside, then attached: CREATE … PARTITION OF would take ACCESS EXCLUSIVE on outbox.
CREATE TABLE outbox_p0 (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
ALTER TABLE outbox_p0 ADD CONSTRAINT outbox_p0_range CHECK (seq >= 0 AND seq < 20000000);
ALTER TABLE outbox ATTACH PARTITION outbox_p0 FOR VALUES FROM (0) TO (20000000);
ALTER TABLE outbox_p0 DROP CONSTRAINT outbox_p0_range;

CREATE TABLE outbox_identity (
  one       boolean PRIMARY KEY DEFAULT true CHECK (one),
  outbox_id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO outbox_identity DEFAULT VALUES;

CREATE TABLE outbox_cursor (
  shard        smallint PRIMARY KEY,
  epoch        bigint      NOT NULL DEFAULT 0,
  base         pg_snapshot NOT NULL,
  base_floor   bigint      NOT NULL,
  hold_xid     xid8[]      NOT NULL DEFAULT '{}',
  hold_floor   bigint[]    NOT NULL DEFAULT '{}',
  target       pg_snapshot,
  target_floor bigint,
  last_seq     bigint      NOT NULL DEFAULT 0,
  next_floor   bigint      NOT NULL DEFAULT 0,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10);
INSERT INTO outbox_cursor (shard, base, base_floor) SELECT g, '3:3:', 0 FROM generate_series(0, 15) g;

CREATE TABLE relay_lease (
  shard      smallint PRIMARY KEY,
  owner      text,
  epoch      bigint      NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO relay_lease (shard) SELECT g FROM generate_series(0, 15) g;

-- Heartbeats: a relay that holds nothing yet must still be counted when shards are shared out.
CREATE TABLE relay_member (
  relay   text PRIMARY KEY,
  seen_at timestamptz NOT NULL
);

CREATE TABLE outbox_parked (
  seq         bigint PRIMARY KEY,
  shard       smallint    NOT NULL,
  topic       text        NOT NULL,
  key         bytea       NOT NULL,
  event_id    text        NOT NULL,
  payload     bytea,
  traceparent text,
  reason      text        NOT NULL,
  message     text        NOT NULL,
  parked_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Writers get column privileges, so neither xid nor seq can be supplied. Roles belong to the cluster,
-- and two databases may be migrated at the same time.
DO $$ BEGIN
  CREATE ROLE freshet_writer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA freshet TO freshet_writer;
GRANT INSERT (shard, topic, key, event_id, payload, occurred_at, traceparent) ON outbox TO freshet_writer;
