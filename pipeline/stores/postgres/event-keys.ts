import type { Queryable } from './database.ts';

const known = {
  name: 'event-keys-known',
  text: `SELECT k AS id FROM unnest($1::uuid[]) AS k
          WHERE EXISTS (SELECT FROM event_key_0 o WHERE o.id = k)
             OR EXISTS (SELECT FROM event_key_1 o WHERE o.id = k)
             OR EXISTS (SELECT FROM event_key_2 o WHERE o.id = k)`,
};

/** Which of the keys were claimed, by whomever, as far back as the windows reach. */
export async function knownEventKeys(tx: Queryable, keyIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (keyIds.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>({ ...known, values: [keyIds] });
  return new Set(rows.map(({ id }) => id));
}
