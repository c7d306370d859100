-- Profile records are longer than 2 KB: compressing them (pglz, 20 MB/s) took two thirds of what appending them costs,
-- and the relay reads each once, a moment later. Rows go with their partition.
ALTER TABLE outbox ALTER COLUMN payload SET STORAGE EXTERNAL;
-- State stays, so it is compressed; by the faster method where the server was built with it. Rows written before are
-- read as they are.
DO $$
BEGIN
  ALTER TABLE user_profile ALTER COLUMN body SET COMPRESSION lz4;
  ALTER TABLE session ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
