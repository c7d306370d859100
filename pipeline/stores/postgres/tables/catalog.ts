import { bigint, boolean, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

const long = { mode: 'bigint' } as const;

export const itemNumber = pgTable('item_number', {
  namespace: text().primaryKey(),
  next: bigint(long).notNull(),
});

export const item = pgTable(
  'item',
  {
    namespace: text().notNull(),
    itemId: text('item_id').notNull(),
    number: bigint(long).notNull(),
    revision: bigint(long).notNull(),
    deleted: boolean().notNull(),
    available: boolean().notNull(),
    hidden: boolean().notNull(),
    archivedAt: instant('archived_at'),
    tags: text().array().notNull(),
    body: jsonb().notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.itemId] })],
);

export const user = pgTable(
  'user',
  {
    namespace: text().notNull(),
    userId: text('user_id').notNull(),
    revision: bigint(long).notNull(),
    deleted: boolean().notNull(),
    traits: jsonb().notNull(),
    consent: text(),
    lastSeenAt: instant('last_seen_at'),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.userId] })],
);

export const namespaceConfig = pgTable('namespace_config', {
  namespace: text().primaryKey(),
  revision: bigint(long).notNull(),
  deleted: boolean().notNull(),
  body: jsonb().notNull(),
});

export const rule = pgTable(
  'rule',
  {
    namespace: text().notNull(),
    id: text().notNull(),
    revision: bigint(long).notNull(),
    deleted: boolean().notNull(),
    body: jsonb().notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.id] })],
);
