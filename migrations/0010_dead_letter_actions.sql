-- What operators choose letters by, and what they did with them.
-- recorded_at: Kafka's timestamp of the original record, NULL where a producer wrote none that can be kept.
-- indexed_at: bounds what one redrive works on. acted_at: a failure from before then does not open the letter again.
-- actions: rows of operator_audit, oldest first.
ALTER TABLE dead_letter
  ADD COLUMN recorded_at timestamptz,
  ADD COLUMN indexed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN acted_at    timestamptz,
  ADD COLUMN actions     bigint[]    NOT NULL DEFAULT '{}';

-- For the metrics, which count it every few seconds, and for choosing what is open.
CREATE INDEX dead_letter_open ON dead_letter (stage, reason, first_failed_at) WHERE status = 'open';
-- Hash: a btree refuses entries over 2,704 bytes, and clients choose both.
CREATE INDEX dead_letter_event ON dead_letter USING hash (event_id);
CREATE INDEX dead_letter_key ON dead_letter USING hash (key);
