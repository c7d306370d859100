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

export const catalogPull = pgTable(
  'catalog_pull',
  {
    namespace: text().notNull(),
    url: text().notNull(),
    since: bigint({ mode: 'bigint' }),
    seen: bigint({ mode: 'bigint' }),
    cursor: text(),
    startedAt: bigint('started_at', { mode: 'bigint' }),
    rounds: bigint({ mode: 'bigint' }).notNull(),
    roundEndedAt: instant('round_ended_at'),
    owner: text(),
    leasedUntil: instant('leased_until'),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.url] })],
);
