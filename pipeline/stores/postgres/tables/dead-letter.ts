import { bigint, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from './columns.ts';

/** A Kafka header as jsonb holds it: its value in base64. */
export interface StoredHeader {
  readonly name: string;
  readonly value: string;
}

export const deadLetter = pgTable(
  'dead_letter',
  {
    stateVersion: integer('state_version').notNull(),
    stage: text().notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    offset: bigint({ mode: 'bigint' }).notNull(),
    reason: text().notNull(),
    message: text().notNull(),
    eventId: text('event_id'),
    key: bytea(),
    value: bytea(),
    headers: jsonb().$type<readonly StoredHeader[]>().notNull(),
    writerSchemaId: integer('writer_schema_id'),
    attempt: integer().notNull(),
    redriveCount: integer('redrive_count').notNull(),
    firstFailedAt: instant('first_failed_at').notNull(),
    lastFailedAt: instant('last_failed_at').notNull(),
    appVersion: text('app_version').notNull(),
    status: text({ enum: ['open', 'redriven', 'discarded'] })
      .notNull()
      .default('open'),
    recordedAt: instant('recorded_at'),
    /** The database sets it. */
    indexedAt: instant('indexed_at').notNull().default(0),
    actedAt: instant('acted_at'),
    actions: bigint({ mode: 'bigint' }).array().notNull().default([]),
  },
  ({ stateVersion, stage, topic, partition, offset }) => [
    primaryKey({ columns: [stateVersion, stage, topic, partition, offset] }),
  ],
);
