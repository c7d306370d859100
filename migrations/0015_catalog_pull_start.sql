-- started_at: when the first page of the round under way was asked for, milliseconds since the epoch by the clock of the process
-- that asked; null between rounds. A round moves since no further: what changes later may stand on a page already read.
ALTER TABLE catalog_pull ADD COLUMN started_at bigint;
