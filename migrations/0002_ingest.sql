-- Idempotency keys: three windows of 15 days, expired by TRUNCATE; id = 128 bits of sha256(namespace, 0x1f, event_id).
CREATE TABLE event_key_0 (id uuid PRIMARY KEY);
CREATE TABLE event_key_1 (id uuid PRIMARY KEY);
CREATE TABLE event_key_2 (id uuid PRIMARY KEY);
CREATE TABLE event_key_window (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  current smallint    NOT NULL CHECK (current BETWEEN 0 AND 2),
  since   timestamptz NOT NULL
);
INSERT INTO event_key_window (current, since) VALUES (0, now());

-- The newest revision of every upserted document; rows stay after deletion, so nothing older resurrects.
CREATE TABLE upsert_revision (
  kind      text    NOT NULL,
  namespace text    NOT NULL,
  id        text    NOT NULL,
  revision  bigint  NOT NULL,
  digest    bytea   NOT NULL,
  deleted   boolean NOT NULL DEFAULT false,
  PRIMARY KEY (kind, namespace, id)
);
