import { shardOf } from '../../domain/murmur2.ts';
import type { EventEntry, EventResult } from '../ingest.ts';
import type { Queryable } from './database.ts';

/**
 * Claims the events' keys and appends the new ones in the order given: one statement, so outside a transaction it is
 * one of its own. The function's text says why it is right; it holds the planner settings it needs.
 */
export async function appendNewEvents(db: Queryable, entries: readonly EventEntry[]): Promise<EventResult[]> {
  if (entries.length === 0) return [];
  const rows = entries.map(({ row }) => row);
  const [answer] = await db.query<{ duplicates: readonly number[] }>({
    name: 'append-new-events',
    text: 'SELECT append_new_events($1, $2, $3, $4, $5, $6, $7, $8) AS duplicates',
    values: [
      entries.map(({ keyId }) => keyId),
      rows.map((row) => shardOf(row.key)),
      rows.map((row) => row.topic),
      rows.map((row) => row.key),
      rows.map((row) => row.eventId),
      rows.map((row) => row.payload),
      rows.map((row) => row.occurredAt),
      rows.map((row) => row.traceparent ?? null),
    ],
  });
  const results = entries.map((): EventResult => 'accepted');
  for (const position of answer?.duplicates ?? []) results[position - 1] = 'duplicate';
  return results;
}
