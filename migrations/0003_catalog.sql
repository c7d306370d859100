-- Projections of the compacted topics. Item numbers (u32) are assigned here, per namespace, never reused.
CREATE TABLE item_number (
  namespace text PRIMARY KEY,
  next      bigint NOT NULL DEFAULT 1
);
CREATE TABLE item (
  namespace  text    NOT NULL,
  item_id    text    NOT NULL,
  number     bigint  NOT NULL,
  revision   bigint  NOT NULL,
  deleted    boolean NOT NULL DEFAULT false,
  available  boolean NOT NULL,
  hidden     boolean NOT NULL,
  archived_at timestamptz,
  tags       text[]  NOT NULL DEFAULT '{}',
  body       jsonb   NOT NULL,
  PRIMARY KEY (namespace, item_id),
  UNIQUE (namespace, number)
);
CREATE TABLE "user" (
  namespace text    NOT NULL,
  user_id   text    NOT NULL,
  revision  bigint  NOT NULL,
  deleted   boolean NOT NULL DEFAULT false,
  traits    jsonb   NOT NULL DEFAULT '{}',
  consent   text,
  last_seen_at timestamptz,
  PRIMARY KEY (namespace, user_id)
);
CREATE TABLE namespace_config (
  namespace text PRIMARY KEY,
  revision  bigint  NOT NULL,
  deleted   boolean NOT NULL DEFAULT false,
  body      jsonb   NOT NULL
);
CREATE TABLE rule (
  namespace text    NOT NULL,
  id        text    NOT NULL,
  revision  bigint  NOT NULL,
  deleted   boolean NOT NULL DEFAULT false,
  body      jsonb   NOT NULL,
  PRIMARY KEY (namespace, id)
);
