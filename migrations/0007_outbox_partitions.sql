-- The life of each partition. Its bounds outlive the attachment, so that one found detached can be judged and put back.
-- closed_xid is taken in a transaction that began after the sequence was read at or past upper_seq: whoever wrote into
-- the partition has an older xid. refused_at: the last check before DROP found rows that no cursor had passed.
CREATE TABLE outbox_partition (
  name        text PRIMARY KEY,
  lower_seq   bigint      NOT NULL,
  upper_seq   bigint      NOT NULL,
  closed_xid  xid8,
  closed_at   timestamptz,
  refused_at  timestamptz,
  CHECK (lower_seq < upper_seq),
  CHECK ((closed_xid IS NULL) = (closed_at IS NULL))
);

-- Transaction ids belong to a cluster: rows and cursors that came here by dump or logical replication carry others.
ALTER TABLE outbox_identity ADD COLUMN system_identifier bigint;
UPDATE outbox_identity SET system_identifier = (SELECT system_identifier FROM pg_control_system());

-- For records that are appended again; NULL where they were parked before this column was there.
ALTER TABLE outbox_parked ADD COLUMN occurred_at timestamptz;

-- What operators did, for whoever asks later.
CREATE TABLE operator_audit (
  id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text        NOT NULL CHECK (operator <> ''),
  verb     text        NOT NULL,
  reason   text        NOT NULL CHECK (reason <> ''),
  details  jsonb       NOT NULL
);

-- Sixteen rows each, rewritten many times a second: room on the page keeps updates HOT, and a vacuum as soon as an
-- old transaction that held their dead versions is gone.
ALTER TABLE relay_lease SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE outbox_cursor SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
