import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

const long = { mode: 'bigint' } as const;
const stateVersionColumn = () => integer('state_version').notNull();

export const stateVersion = pgTable('state_version', {
  version: integer().primaryKey(),
  settings: jsonb().notNull(),
  completeSince: instant('complete_since').notNull(),
  createdAt: instant('created_at').notNull(),
  source: text().notNull(),
  groupId: text('group_id'),
  rate: integer(),
  status: text().notNull(),
  startOffsets: jsonb('start_offsets').notNull(),
  promotedAt: instant('promoted_at'),
  replaced: integer(),
});

export const workerStatus = pgTable('worker_status', {
  instance: text().primaryKey(),
  roles: text().array().notNull(),
  appVersion: text('app_version').notNull(),
  startedAt: instant('started_at').notNull(),
  seenAt: instant('seen_at').notNull(),
  state: jsonb().notNull(),
});

export const activeVersion = pgTable('active_version', {
  one: boolean().primaryKey(),
  version: integer().notNull(),
});

export const consumerOffset = pgTable(
  'consumer_offset',
  {
    stateVersion: stateVersionColumn(),
    stage: text().notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    nextOffset: bigint('next_offset', long).notNull(),
    epoch: bigint(long).notNull(),
    owner: text(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.stateVersion, table.stage, table.topic, table.partition] })],
);

const appliedEvent = (window: number) =>
  pgTable(`applied_event_${window}`, { stateVersion: stateVersionColumn(), id: uuid().notNull() }, (table) => [
    primaryKey({ columns: [table.stateVersion, table.id] }),
  ]);
export const appliedEvent0 = appliedEvent(0);
export const appliedEvent1 = appliedEvent(1);
export const appliedEvent2 = appliedEvent(2);

export const appliedEventWindow = pgTable('applied_event_window', {
  one: boolean().primaryKey(),
  current: smallint().notNull(),
  since: instant().notNull(),
});

export const userProfile = pgTable(
  'user_profile',
  {
    stateVersion: stateVersionColumn(),
    namespace: text().notNull(),
    userId: text('user_id').notNull(),
    revision: bigint(long).notNull(),
    body: jsonb().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stateVersion, table.namespace, table.userId] })],
);

export const session = pgTable(
  'session',
  {
    stateVersion: stateVersionColumn(),
    namespace: text().notNull(),
    userId: text('user_id').notNull(),
    sessionId: text('session_id').notNull(),
    firstOccurredAt: instant('first_occurred_at').notNull(),
    lastOccurredAt: instant('last_occurred_at').notNull(),
    body: jsonb().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stateVersion, table.namespace, table.userId, table.sessionId] })],
);

export const itemActivity = pgTable(
  'item_activity',
  {
    stateVersion: stateVersionColumn(),
    namespace: text().notNull(),
    hour: integer().notNull(),
    segment: text().notNull(),
    itemId: text('item_id').notNull(),
    type: smallint().notNull(),
    sourcePartition: integer('source_partition').notNull(),
    count: bigint(long).notNull(),
  },
  ({ stateVersion: version, namespace, hour, segment, itemId, type, sourcePartition }) => [
    primaryKey({ columns: [version, namespace, hour, segment, itemId, type, sourcePartition] }),
  ],
);

export const exposure = pgTable(
  'exposure',
  {
    stateVersion: stateVersionColumn(),
    namespace: text().notNull(),
    userId: text('user_id').notNull(),
    itemId: text('item_id').notNull(),
    eventId: text('event_id').notNull(),
    kind: text().notNull(),
    requestId: text('request_id'),
    position: integer(),
    sources: text().array(),
    variant: text(),
    occurredAt: instant('occurred_at').notNull(),
    surface: text(),
    watchSeconds: doublePrecision('watch_seconds'),
  },
  ({ stateVersion: version, namespace, userId, itemId, eventId, kind }) => [
    primaryKey({ columns: [version, namespace, userId, itemId, eventId, kind] }),
  ],
);
