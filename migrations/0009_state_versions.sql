-- A rebuild is a version of state beside the live one: what it is made from, how fast, and how far its life has come.
-- group_id: processes started with that consumer group id work on it, NULL for all others. start_offsets: where its
-- stages began, for progress. replaced: the version that was active before it was promoted, for rollback.
ALTER TABLE state_version
  ADD COLUMN source        text NOT NULL DEFAULT 'enriched' CHECK (source IN ('enriched', 'recorded')),
  ADD COLUMN group_id      text UNIQUE,
  ADD COLUMN rate          integer CHECK (rate > 0),
  ADD COLUMN status        text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'retiring', 'retired')),
  ADD COLUMN start_offsets jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN promoted_at   timestamptz,
  ADD COLUMN replaced      integer REFERENCES state_version (version);

-- What each process says of itself, every second; rows of processes that are gone are removed.
CREATE TABLE worker_status (
  instance    text PRIMARY KEY,
  roles       text[]      NOT NULL,
  app_version text        NOT NULL,
  started_at  timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  state       jsonb       NOT NULL
) WITH (fillfactor = 50);
