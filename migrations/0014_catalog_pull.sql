-- How far the pull from a catalogue service has come, and which process pulls. Instants of the service are milliseconds since
-- the epoch. since: every change up to here was stored by a round that ended. cursor, seen: the page that comes next in the
-- round under way, and the latest change that the round has met. url as configured.
CREATE TABLE catalog_pull (
  namespace      text   NOT NULL,
  url            text   NOT NULL,
  since          bigint,
  seen           bigint,
  cursor         text,
  rounds         bigint NOT NULL DEFAULT 0,
  round_ended_at timestamptz,
  owner          text,
  leased_until   timestamptz,
  PRIMARY KEY (namespace, url)
) WITH (fillfactor = 50);
