-- Index of the dead-letter topics for operators; the Kafka topic is the durable copy.
CREATE TABLE dead_letter (
  state_version    integer NOT NULL,
  stage            text    NOT NULL,
  topic            text    NOT NULL,
  partition        integer NOT NULL,
  "offset"         bigint  NOT NULL,
  reason           text    NOT NULL,
  message          text    NOT NULL,
  event_id         text,
  key              bytea,
  value            bytea,
  headers          jsonb   NOT NULL DEFAULT '[]',
  writer_schema_id integer,
  attempt          integer NOT NULL,
  redrive_count    integer NOT NULL,
  first_failed_at  timestamptz NOT NULL,
  last_failed_at   timestamptz NOT NULL,
  app_version      text    NOT NULL,
  status           text    NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'redriven', 'discarded')),
  PRIMARY KEY (state_version, stage, topic, partition, "offset")
);
CREATE INDEX dead_letter_recent ON dead_letter (last_failed_at);
