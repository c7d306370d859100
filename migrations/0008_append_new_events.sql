-- Events through any door: claims their keys and appends the new ones, in one round trip instead of six (a transaction
-- of one event takes 1.7 ms instead of 5.0, of 100 events 5.8 instead of 7.5).
-- A key is claimed where neither older window knows it. Sorted, for unsorted batches with common keys deadlock.
-- Every statement of a volatile function has a snapshot of its own, and the lock comes before the window is read: a
-- rotation is either over or waits, else a key could go into two windows. 4711 is the rotation's lock.
-- Without the planner settings the anti-joins read whole windows a batch; with them they walk primary keys.
-- nextval stays above the sort, so seq follows the order given.
-- Answers the positions, from 1, of duplicates: of an older event or of one before it in this call.
CREATE FUNCTION append_new_events(
  key_ids uuid[], shards smallint[], topics text[], keys bytea[], event_ids text[], payloads bytea[],
  occurred_ms float8[], traceparents text[]
) RETURNS integer[] LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
DECLARE
  claimed uuid[];
  fresh   integer[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(4711);
  CASE (SELECT current FROM event_key_window)
    WHEN 0 THEN
      WITH k AS (INSERT INTO event_key_0 (id) SELECT k FROM unnest(key_ids) AS k
        WHERE NOT EXISTS (SELECT FROM event_key_1 o WHERE o.id = k) AND NOT EXISTS (SELECT FROM event_key_2 o WHERE o.id = k)
        ORDER BY k ON CONFLICT DO NOTHING RETURNING id) SELECT array_agg(id) INTO claimed FROM k;
    WHEN 1 THEN
      WITH k AS (INSERT INTO event_key_1 (id) SELECT k FROM unnest(key_ids) AS k
        WHERE NOT EXISTS (SELECT FROM event_key_2 o WHERE o.id = k) AND NOT EXISTS (SELECT FROM event_key_0 o WHERE o.id = k)
        ORDER BY k ON CONFLICT DO NOTHING RETURNING id) SELECT array_agg(id) INTO claimed FROM k;
    WHEN 2 THEN
      WITH k AS (INSERT INTO event_key_2 (id) SELECT k FROM unnest(key_ids) AS k
        WHERE NOT EXISTS (SELECT FROM event_key_0 o WHERE o.id = k) AND NOT EXISTS (SELECT FROM event_key_1 o WHERE o.id = k)
        ORDER BY k ON CONFLICT DO NOTHING RETURNING id) SELECT array_agg(id) INTO claimed FROM k;
  END CASE;
  IF cardinality(claimed) IS DISTINCT FROM cardinality(key_ids) THEN
    fresh := ARRAY(SELECT min(ord)::integer FROM unnest(key_ids) WITH ORDINALITY AS u (id, ord)
                    WHERE id = ANY (claimed) GROUP BY id);
  END IF;
  INSERT INTO outbox (shard, topic, key, event_id, payload, occurred_at, traceparent)
  SELECT shard, topic, key, event_id, payload, to_timestamp(occurred / 1000.0), traceparent
    FROM unnest(shards, topics, keys, event_ids, payloads, occurred_ms, traceparents)
         WITH ORDINALITY AS r (shard, topic, key, event_id, payload, occurred, traceparent, ord)
   WHERE fresh IS NULL OR ord = ANY (fresh)
   ORDER BY ord;
  IF fresh IS NULL THEN RETURN '{}'; END IF;
  RETURN ARRAY(SELECT ord FROM generate_subscripts(key_ids, 1) AS ord WHERE ord <> ALL (fresh));
END $$;
