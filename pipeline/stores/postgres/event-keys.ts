import type { Queryable } from './database.ts';

/** Shared by writers of keys, exclusive for the rotation of the windows. */
export const eventKeyLock = 4_711;

/** The statement of each window: insert what neither older window nor this one knows. The plan is tested. */
export const claimStatements = [0, 1, 2].map((current) => ({
  name: `event-keys-${current}`,
  text: `INSERT INTO event_key_${current} (id)
         SELECT k FROM unnest($1::uuid[]) AS k
          WHERE NOT EXISTS (SELECT FROM event_key_${(current + 1) % 3} o WHERE o.id = k)
            AND NOT EXISTS (SELECT FROM event_key_${(current + 2) % 3} o WHERE o.id = k)
          ORDER BY k
         ON CONFLICT DO NOTHING
         RETURNING id`,
}));

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

/**
 * Claims keys for this transaction; answers those that nobody had. Sorted, for unsorted batches with common
 * keys deadlock. The lock is a statement of its own and the window is read after it, so that a rotation is
 * either over or waits: else a key could go into two windows.
 */
export async function claimEventKeys(tx: Queryable, keyIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (keyIds.length === 0) return new Set();
  await tx.query({ name: 'event-key-lock', text: `SELECT pg_advisory_xact_lock_shared(${eventKeyLock})` });
  const [window] = await tx.query<{ current: number }>({
    name: 'event-key-window',
    text: 'SELECT current FROM event_key_window',
  });
  const claim = claimStatements[window?.current ?? -1];
  if (!claim) throw new Error('event_key_window has no row: this database was not migrated');
  const claimed = await tx.query<{ id: string }>({ ...claim, values: [keyIds] });
  return new Set(claimed.map(({ id }) => id));
}
