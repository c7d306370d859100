-- Versions of state: what shapes state is frozen in the row of its version.
CREATE TABLE state_version (
  version        integer PRIMARY KEY,
  settings       jsonb       NOT NULL,
  complete_since timestamptz NOT NULL DEFAULT now(),
  created_at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO state_version (version, settings)
VALUES (1, '{"sessionGapMs": 1800000, "sessionItemCap": 200, "historySize": 200, "affinityDays": 90}');
CREATE TABLE active_version (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL REFERENCES state_version (version)
);
INSERT INTO active_version (version) VALUES (1);

-- The one truth for progress; Kafka's committed offset is a hint. Version 0 where a stage is unversioned.
CREATE TABLE consumer_offset (
  state_version integer NOT NULL,
  stage         text    NOT NULL,
  topic         text    NOT NULL,
  partition     integer NOT NULL,
  next_offset   bigint  NOT NULL,
  epoch         bigint  NOT NULL DEFAULT 0,
  owner         text,
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (state_version, stage, topic, partition)
) WITH (fillfactor = 50);

-- Events applied by aggregation: three rotating windows of 30 days; id as in event_key.
CREATE TABLE applied_event_0 (state_version integer NOT NULL, id uuid NOT NULL, PRIMARY KEY (state_version, id));
CREATE TABLE applied_event_1 (state_version integer NOT NULL, id uuid NOT NULL, PRIMARY KEY (state_version, id));
CREATE TABLE applied_event_2 (state_version integer NOT NULL, id uuid NOT NULL, PRIMARY KEY (state_version, id));
CREATE TABLE applied_event_window (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  current smallint    NOT NULL CHECK (current BETWEEN 0 AND 2),
  since   timestamptz NOT NULL
);
INSERT INTO applied_event_window (current, since) VALUES (0, now());

CREATE TABLE user_profile (
  state_version integer NOT NULL,
  namespace     text    NOT NULL,
  user_id       text    NOT NULL,
  revision      bigint  NOT NULL,
  body          jsonb   NOT NULL,
  PRIMARY KEY (state_version, namespace, user_id)
);
CREATE TABLE session (
  state_version     integer NOT NULL,
  namespace         text    NOT NULL,
  user_id           text    NOT NULL,
  session_id        text    NOT NULL,
  first_occurred_at timestamptz NOT NULL,
  last_occurred_at  timestamptz NOT NULL,
  body              jsonb   NOT NULL,
  PRIMARY KEY (state_version, namespace, user_id, session_id)
);
-- Integer counts: additions commute, and no two source partitions lock the same row.
CREATE TABLE item_activity (
  state_version    integer NOT NULL,
  namespace        text    NOT NULL,
  hour             integer NOT NULL,
  segment          text    NOT NULL,
  item_id          text    NOT NULL,
  type             smallint NOT NULL,
  source_partition integer NOT NULL,
  count            bigint  NOT NULL,
  PRIMARY KEY (state_version, namespace, hour, segment, item_id, type, source_partition)
);
CREATE TABLE exposure (
  state_version integer NOT NULL,
  namespace     text    NOT NULL,
  user_id       text    NOT NULL,
  item_id       text    NOT NULL,
  event_id      text    NOT NULL,
  kind          text    NOT NULL CHECK (kind IN ('shown', 'acted')),
  request_id    text,
  position      integer,
  sources       text[],
  variant       text,
  occurred_at   timestamptz NOT NULL,
  PRIMARY KEY (state_version, namespace, user_id, item_id, event_id, kind)
);
