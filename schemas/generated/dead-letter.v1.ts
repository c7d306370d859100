// Generated from schemas/events/dead-letter.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** One Kafka header. */
export interface Header {
  /** Name. */
  readonly name: string;
  /** Value, untouched. */
  readonly value: Buffer;
}

/** Why; a closed list. */
export type Reason = 'undecodable' | 'schema_unknown' | 'schema_incompatible' | 'invalid' | 'unknown_item' | 'erased' | 'unhandled';

/** A record that a stage set aside, with the reason, untouched. */
export interface DeadLetter {
  /** Stage that set it aside. */
  readonly stage: string;
  /** State version of the stage, 0 where unversioned. */
  readonly stateVersion: number;
  /** Original topic. */
  readonly topic: string;
  /** Original partition. */
  readonly partition: number;
  /** Original offset, decimal. */
  readonly offset: string;
  /** Kafka timestamp of the original record, milliseconds since the epoch. */
  readonly timestamp: number;
  /** Original key, untouched; null where it was null. */
  readonly key: null | Buffer;
  /** Original value, untouched; null where it was a tombstone. */
  readonly value: null | Buffer;
  /** Original headers. */
  readonly headers: readonly Header[];
  /** Why it was set aside. */
  readonly reason: Reason;
  /** The error's message, at most 500 characters. */
  readonly message: string;
  /** Attempts made. */
  readonly attempt: number;
  /** First failure, milliseconds since the epoch. */
  readonly firstFailedAt: number;
  /** Last failure, milliseconds since the epoch. */
  readonly lastFailedAt: number;
  /** How often it was redriven. */
  readonly redriveCount: number;
  /** Version of the product that set it aside. */
  readonly appVersion: string;
  /** Registry id of the schema the value was written with. */
  readonly writerSchemaId: null | number;
  /** Event id, where it could be read. */
  readonly eventId: null | string;
}

/** Reader and writer of DeadLetter. */
export const deadLetterSchema = avroSchema<DeadLetter>(
  "{\"type\":\"record\",\"name\":\"DeadLetter\",\"namespace\":\"freshet\",\"doc\":\"A record that a stage set aside, with the reason, untouched.\",\"fields\":[{\"name\":\"stage\",\"type\":\"string\",\"doc\":\"Stage that set it aside.\"},{\"name\":\"state_version\",\"type\":\"int\",\"doc\":\"State version of the stage, 0 where unversioned.\",\"default\":0},{\"name\":\"topic\",\"type\":\"string\",\"doc\":\"Original topic.\"},{\"name\":\"partition\",\"type\":\"int\",\"doc\":\"Original partition.\"},{\"name\":\"offset\",\"type\":\"string\",\"doc\":\"Original offset, decimal.\"},{\"name\":\"timestamp\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Kafka timestamp of the original record, milliseconds since the epoch.\"},{\"name\":\"key\",\"type\":[\"null\",\"bytes\"],\"doc\":\"Original key, untouched; null where it was null.\",\"default\":null},{\"name\":\"value\",\"type\":[\"null\",\"bytes\"],\"doc\":\"Original value, untouched; null where it was a tombstone.\",\"default\":null},{\"name\":\"headers\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Header\",\"doc\":\"One Kafka header.\",\"fields\":[{\"name\":\"name\",\"type\":\"string\",\"doc\":\"Name.\"},{\"name\":\"value\",\"type\":\"bytes\",\"doc\":\"Value, untouched.\"}]}},\"doc\":\"Original headers.\",\"default\":[]},{\"name\":\"reason\",\"type\":{\"type\":\"enum\",\"name\":\"Reason\",\"symbols\":[\"undecodable\",\"schema_unknown\",\"schema_incompatible\",\"invalid\",\"unknown_item\",\"erased\",\"unhandled\"],\"default\":\"unhandled\",\"doc\":\"Why; a closed list.\"},\"doc\":\"Why it was set aside.\"},{\"name\":\"message\",\"type\":\"string\",\"doc\":\"The error's message, at most 500 characters.\",\"default\":\"\"},{\"name\":\"attempt\",\"type\":\"int\",\"doc\":\"Attempts made.\",\"default\":1},{\"name\":\"first_failed_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"First failure, milliseconds since the epoch.\"},{\"name\":\"last_failed_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Last failure, milliseconds since the epoch.\"},{\"name\":\"redrive_count\",\"type\":\"int\",\"doc\":\"How often it was redriven.\",\"default\":0},{\"name\":\"app_version\",\"type\":\"string\",\"doc\":\"Version of the product that set it aside.\",\"default\":\"\"},{\"name\":\"writer_schema_id\",\"type\":[\"null\",\"int\"],\"doc\":\"Registry id of the schema the value was written with.\",\"default\":null},{\"name\":\"event_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Event id, where it could be read.\",\"default\":null}]}",
);
