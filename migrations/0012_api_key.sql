-- Keys of clients of the HTTP surface. The secret is nowhere: sha256 is of its text. namespaces: NULL for all.
-- A rotated key is another row of the same name: the older one names it (replaced_by) and ends by its expires_at.
CREATE TABLE api_key (
  id                      text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  name                    text        NOT NULL CHECK (name <> ''),
  sha256                  bytea       NOT NULL CHECK (octet_length(sha256) = 32),
  scopes                  text[]      NOT NULL CHECK (scopes <> '{}' AND scopes <@ ARRAY['ingest', 'read', 'admin']),
  namespaces              text[]      CHECK (namespaces <> '{}'),
  max_requests_per_second integer     CHECK (max_requests_per_second > 0),
  created_at              timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at              timestamptz,
  revoked_at              timestamptz,
  replaced_by             text REFERENCES api_key (id)
);
