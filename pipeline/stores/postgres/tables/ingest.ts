import { bigint, boolean, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, instant } from './columns.ts';

const eventKey = (window: number) => pgTable(`event_key_${window}`, { id: uuid().primaryKey() });
export const eventKey0 = eventKey(0);
export const eventKey1 = eventKey(1);
export const eventKey2 = eventKey(2);

export const eventKeyWindow = pgTable('event_key_window', {
  one: boolean().primaryKey(),
  current: smallint().notNull(),
  since: instant().notNull(),
});

export const upsertRevision = pgTable(
  'upsert_revision',
  {
    kind: text().notNull(),
    namespace: text().notNull(),
    id: text().notNull(),
    revision: bigint({ mode: 'bigint' }).notNull(),
    digest: bytea().notNull(),
    deleted: boolean().notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.namespace, table.id] })],
);
