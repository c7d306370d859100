-- Events from a service's own transaction, for the JSON ingest topics. Everything here is also for databases
-- that hold the outbox alone.

-- Topics that append_event and append_events may write to, the first by default:
--   UPDATE freshet.outbox_submit SET topics = '{shop-events}';
CREATE TABLE outbox_submit (
  one    boolean PRIMARY KEY DEFAULT true CHECK (one),
  topics text[]  NOT NULL DEFAULT '{engagement-events}'
         CHECK (array_position(topics, NULL) IS NULL
           AND array_to_string(topics, ',') ~ '^[A-Za-z0-9._-]{1,249}(,[A-Za-z0-9._-]{1,249})*$')
);
INSERT INTO outbox_submit DEFAULT VALUES;

-- Kafka's 32-bit murmur2. Products stay below 2^63, so bigint holds them. 3 µs for a key of 17 bytes.
CREATE FUNCTION murmur2(data bytea) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  m   CONSTANT bigint  := 1540483477;
  len CONSTANT integer := length(data);
  h bigint  := 2538058380 # len;
  k bigint;
  i integer := 0;
BEGIN
  WHILE i + 4 <= len LOOP
    k := (get_byte(data, i) | (get_byte(data, i + 1) << 8) | (get_byte(data, i + 2) << 16)
          | (get_byte(data, i + 3)::bigint << 24)) * m & 4294967295;
    h := (h * m & 4294967295) # ((k # (k >> 24)) * m & 4294967295);
    i := i + 4;
  END LOOP;
  IF len - i = 3 THEN h := h # (get_byte(data, i + 2) << 16); END IF;
  IF len - i >= 2 THEN h := h # (get_byte(data, i + 1) << 8); END IF;
  IF len - i >= 1 THEN h := (h # get_byte(data, i)) * m & 4294967295; END IF;
  h := (h # (h >> 13)) * m & 4294967295;
  h := h # (h >> 15);
  RETURN (h # 2147483648) - 2147483648; -- as a signed integer
END $$;

CREATE FUNCTION outbox_shard(key bytea) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
  $$ SELECT ((freshet.murmur2(key) & 2147483647) % 16)::smallint $$;

-- One shape for every refusal: the path and what is wrong as message, the remedy as hint, the field as column and
-- the code as constraint, the same codes as every other door.
CREATE FUNCTION refuse_event(path text, field text, code text, wrong text, remedy text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'invalid_parameter_value',
    MESSAGE = path || CASE WHEN field = '' THEN '' ELSE '.' || field END || ' ' || wrong,
    HINT = remedy, COLUMN = field, CONSTRAINT = code;
END $$;

CREATE FUNCTION checked_text(event jsonb, path text, field text, longest integer, pattern text, shape text, remedy text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  value text COLLATE "C" := event ->> field;
BEGIN
  IF value IS NULL THEN RETURN NULL; END IF; -- null counts as absent
  IF jsonb_typeof(event -> field) <> 'string' THEN
    PERFORM freshet.refuse_event(path, field, 'wrong_type', 'must be a string', remedy);
  ELSIF value = '' THEN
    PERFORM freshet.refuse_event(path, field, 'too_short', 'must not be empty', remedy);
  ELSIF length(value) > longest THEN
    PERFORM freshet.refuse_event(path, field, 'too_long', format('must have at most %s characters', longest), remedy);
  ELSIF value ~ '[\u0001-\u001f\u007f-\u009f]' THEN
    PERFORM freshet.refuse_event(path, field, 'malformed_text',
      'must be well-formed Unicode without control characters', remedy);
  ELSIF pattern IS NOT NULL AND value !~ pattern THEN
    PERFORM freshet.refuse_event(path, field, 'invalid_format', 'must be ' || shape, remedy);
  END IF;
  RETURN value;
END $$;

-- Milliseconds since the epoch of ISO-8601 text with a zone; NULL where the text is no instant that exists.
CREATE FUNCTION iso_instant(value text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  part text[] := regexp_match(value, '^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)$', 'i');
  zone text;
  away integer := 0;
  ms bigint;
BEGIN
  IF part IS NULL OR part[1]::int < 1 OR part[2]::int NOT BETWEEN 1 AND 12 OR part[3]::int < 1
     OR part[4]::int > 23 OR part[5]::int > 59 OR coalesce(part[6], '0')::int > 59 THEN
    RETURN NULL;
  END IF;
  IF part[3]::int > extract(day FROM make_date(part[1]::int, part[2]::int, 1) + interval '1 month -1 day') THEN
    RETURN NULL;
  END IF;
  IF upper(part[8]) <> 'Z' THEN
    zone := rpad(substr(replace(part[8], ':', ''), 2), 4, '0');
    away := substr(zone, 1, 2)::int * 60 + substr(zone, 3, 2)::int;
    IF away > 1080 THEN RETURN NULL; END IF;
    IF left(part[8], 1) = '-' THEN away := -away; END IF;
  END IF;
  ms := (make_date(part[1]::int, part[2]::int, part[3]::int) - date '1970-01-01') * 86400000::bigint
        + (part[4]::int * 3600 + part[5]::int * 60 + coalesce(part[6], '0')::int) * 1000
        + rpad(left(coalesce(part[7], ''), 3), 3, '0')::int - away * 60000;
  RETURN CASE WHEN ms BETWEEN -62135596800000 AND 253402300799999 THEN ms END;
END $$;

-- `occurred_at` as every door reads it: a number below 1e11 is seconds, one from there on milliseconds.
CREATE FUNCTION checked_instant(event jsonb, path text, field text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  remedy CONSTANT text := 'Write ISO-8601 with a zone, a number of seconds or one of milliseconds; or leave it out: then it is the time of the append.';
  kind CONSTANT text := jsonb_typeof(event -> field);
  value CONSTANT text := event ->> field;
  ms numeric;
BEGIN
  IF value IS NULL THEN RETURN NULL; END IF;
  IF kind = 'number' THEN
    ms := CASE WHEN abs(value::numeric) < 1e11 THEN floor(value::numeric * 1000 + 0.5) ELSE trunc(value::numeric) END;
    IF ms BETWEEN -62135596800000 AND 253402300799999 THEN RETURN ms; END IF;
    PERFORM freshet.refuse_event(path, field, 'timestamp_invalid', 'must lie in the years 1 to 9999', remedy);
  ELSIF kind <> 'string' THEN
    PERFORM freshet.refuse_event(path, field, 'wrong_type', 'must be ISO-8601 text with a zone, or a number', remedy);
  END IF;
  ms := freshet.iso_instant(value);
  IF ms IS NOT NULL THEN RETURN ms; END IF;
  IF value ~ '^\s*[+-]?[0-9]+([.,][0-9]+)?\s*$' THEN
    PERFORM freshet.refuse_event(path, field, 'timestamp_ambiguous',
      'is a number in quotes: write a JSON number or ISO-8601 with a zone', remedy);
  ELSIF value ~* '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?$' THEN
    PERFORM freshet.refuse_event(path, field, 'timestamp_ambiguous',
      'has no zone: add Z or an offset such as +02:00', remedy);
  END IF;
  PERFORM freshet.refuse_event(path, field, 'timestamp_invalid',
    'must be ISO-8601 with a zone, such as 2026-01-31T09:30:00Z', remedy);
END $$;

-- The idempotency key, under either of its names.
CREATE FUNCTION checked_event_id(event jsonb, path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  remedy CONSTANT text := 'Give each event an id of its own that stays the same when it is sent again, such as order-17-line-1.';
  field CONSTANT text := CASE WHEN event ->> 'source_event_id' IS NULL THEN 'event_id' ELSE 'source_event_id' END;
  value CONSTANT text := freshet.checked_text(event, path, field, 64, '^[A-Za-z0-9._:-]+$', 'letters, digits and . _ : -', remedy);
BEGIN
  IF value IS NULL THEN PERFORM freshet.refuse_event(path, field, 'required', 'is required', remedy); END IF;
  IF event ->> 'event_id' IS NOT NULL AND event -> 'event_id' <> event -> field THEN
    PERFORM freshet.refuse_event(path, field, 'conflicting_fields', 'differs from event_id', 'Leave out one of the two.');
  END IF;
  RETURN value;
END $$;

-- What one event becomes: only what its row needs is checked here, everything else by the consumer of the topic.
-- An event without occurred_at is given the time of the append, whenever it will be published.
CREATE FUNCTION submitted_event(
  event jsonb, path text, OUT namespace text, OUT event_id text, OUT key bytea, OUT payload bytea,
  OUT occurred_at timestamptz, OUT traceparent text
) LANGUAGE plpgsql AS $$
DECLARE
  user_id text;
  ms bigint;
BEGIN
  IF event IS NULL OR jsonb_typeof(event) <> 'object' THEN
    PERFORM freshet.refuse_event(path, '', 'wrong_type', 'must be an object', 'Pass the event as one JSON object.');
  END IF;
  namespace := coalesce(freshet.checked_text(event, path, 'namespace', 64, '^[a-z0-9][a-z0-9._-]*$',
    'lower-case letters, digits and . _ -, starting with a letter or digit',
    'Leave it out for the namespace default.'), 'default');
  event_id := freshet.checked_event_id(event, path);
  user_id := freshet.checked_text(event, path, 'user_id', 128, NULL, NULL,
    'Name who acted; a visitor without an account has a user_id too, with anonymous true.');
  IF user_id IS NULL THEN
    PERFORM freshet.refuse_event(path, 'user_id', 'required', 'is required',
      'Name who acted; a visitor without an account has a user_id too, with anonymous true.');
  END IF;
  ms := freshet.checked_instant(event, path, 'occurred_at');
  IF ms IS NULL THEN
    ms := floor(extract(epoch FROM clock_timestamp()) * 1000);
    event := event || jsonb_build_object('occurred_at', ms);
  END IF;
  traceparent := freshet.checked_text(event, path, 'trace', 55,
    '^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$', 'a W3C traceparent', 'Leave it out.');
  key := convert_to(namespace || '|' || user_id, 'UTF8');
  payload := convert_to(event::text, 'UTF8');
  IF length(payload) > 1000000 THEN
    PERFORM freshet.refuse_event(path, '', 'too_large',
      format('has %s bytes of JSON, at most 1000000 are allowed', length(payload)), 'Send less in one event.');
  END IF;
  occurred_at := to_timestamp(ms / 1000.0);
END $$;

CREATE FUNCTION submit_topic(wanted text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  allowed text[] := (SELECT topics FROM freshet.outbox_submit);
BEGIN
  IF wanted IS NULL THEN RETURN allowed[1]; END IF;
  IF wanted = ANY (allowed) THEN RETURN wanted; END IF;
  RAISE EXCEPTION USING
    ERRCODE = 'invalid_parameter_value', COLUMN = 'topic', CONSTRAINT = 'topic_not_allowed',
    MESSAGE = format('topic %s is not one that services write to (%s)', wanted, array_to_string(allowed, ', ')),
    HINT = 'Name one of these, or let an operator add it: UPDATE freshet.outbox_submit SET topics = topics || …';
END $$;

-- With synchronous_commit off a crash could undo a transaction whose rows were published already, so a transaction
-- that appends commits synchronously, whatever its session asked for. The setting lasts until its end.
-- NOTIFY is sent at commit, once a transaction; PREPARE TRANSACTION refuses it, so two-phase writers pass false.
CREATE FUNCTION announce_append(notify boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  IF notify THEN PERFORM pg_notify('freshet_outbox', ''); END IF;
END $$;

-- Appends a list of at most 1,000 events in its order and answers how many. They are published if and only if
-- the surrounding transaction commits. Runs with its owner's rights, so that callers need none on the tables and
-- can reach no topic but those of outbox_submit.
CREATE FUNCTION append_events(events jsonb, notify boolean DEFAULT true, topic text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target CONSTANT text := freshet.submit_topic(topic);
  appended integer;
  twice integer;
BEGIN
  IF events IS NULL OR jsonb_typeof(events) <> 'array' THEN
    PERFORM freshet.refuse_event('$', '', 'wrong_type', 'must be a list', 'Pass a JSON array; append_event takes a single object.');
  ELSIF jsonb_array_length(events) > 1000 THEN
    PERFORM freshet.refuse_event('$', '', 'batch_too_large',
      format('has %s events, at most 1000 are allowed', jsonb_array_length(events)),
      'Append the rest with another call in the same transaction.');
  END IF;
  WITH prepared AS MATERIALIZED (
    SELECT row.*, listed.ord
      FROM jsonb_array_elements(events) WITH ORDINALITY AS listed (event, ord)
     CROSS JOIN LATERAL freshet.submitted_event(listed.event, '$[' || listed.ord - 1 || ']') AS row),
  inserted AS (
    INSERT INTO freshet.outbox (shard, topic, key, event_id, payload, occurred_at, traceparent)
    SELECT freshet.outbox_shard(key), target, key, event_id, payload, occurred_at, traceparent
      FROM prepared ORDER BY ord)
  SELECT count(*), min(ord) FILTER (WHERE nth > 1) INTO appended, twice
    FROM (SELECT ord, row_number() OVER (PARTITION BY namespace, event_id ORDER BY ord) AS nth FROM prepared) AS counted;
  IF twice IS NOT NULL THEN
    PERFORM freshet.refuse_event('$[' || twice - 1 || ']', 'event_id', 'duplicate_in_batch', 'comes twice in this list',
      'Give each event an id of its own that stays the same when it is sent again, such as order-17-line-1.');
  END IF;
  IF appended > 0 THEN PERFORM freshet.announce_append(notify); END IF;
  RETURN appended;
END $$;

CREATE FUNCTION append_event(event jsonb, notify boolean DEFAULT true, topic text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target CONSTANT text := freshet.submit_topic(topic);
BEGIN
  INSERT INTO freshet.outbox (shard, topic, key, event_id, payload, occurred_at, traceparent)
  SELECT freshet.outbox_shard(row.key), target, row.key, row.event_id, row.payload, row.occurred_at, row.traceparent
    FROM freshet.submitted_event(event, '$') AS row;
  PERFORM freshet.announce_append(notify);
END $$;

REVOKE ALL ON FUNCTION append_event(jsonb, boolean, text), append_events(jsonb, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_event(jsonb, boolean, text), append_events(jsonb, boolean, text) TO freshet_writer;
