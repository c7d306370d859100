-- What analytics asks of exposure: on which surface an item was shown, and how long one was watched. Rows written
-- before have neither. Time is searched by kind, since what was shown is twenty times what was acted upon.
ALTER TABLE exposure
  ADD COLUMN surface       text,
  ADD COLUMN watch_seconds double precision;
CREATE INDEX exposure_by_time ON exposure (state_version, namespace, kind, occurred_at);
