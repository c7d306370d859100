import type { AppliedEvents } from '../feature.ts';
import { advisoryLocks } from './advisory-locks.ts';
import type { Queryable } from './database.ts';

const windows = [0, 1, 2] as const;

/**
 * The lock is a statement of its own: only a later statement sees a rotation that it waited for. Plans of
 * the transaction are kept to nested loops over primary keys: on tables that grow faster than they are
 * analysed, a hash join would read a whole window a batch.
 */
const lock = {
  name: 'applied-lock',
  text: `SELECT pg_advisory_xact_lock_shared(${advisoryLocks.appliedEvents}),
                set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
                set_config('enable_seqscan', 'off', true)`,
};

/**
 * Sorted, because two batches with common ids in opposite order deadlock; anti-joined with the other
 * windows, because an id lives in one of three. Three windows of 30 days keep an id 60 to 90 days.
 */
function claimStatement(current: number): { name: string; text: string } {
  const others = windows.filter((window) => window !== current);
  const unseen = others.map(
    (window) => `NOT EXISTS (SELECT FROM applied_event_${window} o WHERE o.state_version = $1 AND o.id = x)`,
  );
  return {
    name: `applied-claim-${current}`,
    text: `INSERT INTO applied_event_${current} (state_version, id)
           SELECT $1, x FROM unnest($2::uuid[]) x WHERE ${unseen.join(' AND ')}
            ORDER BY x ON CONFLICT DO NOTHING RETURNING id`,
  };
}

export function createAppliedEvents(): AppliedEvents<Queryable> {
  return {
    async claim(tx, stateVersion, ids) {
      await tx.query(lock);
      if (ids.length === 0) return new Set();
      const [window] = await tx.query<{ current: number }>({
        name: 'applied-window',
        text: 'SELECT current FROM applied_event_window',
      });
      if (!window) throw new TypeError('applied_event_window is empty: the migrations have not run to their end');
      const rows = await tx.query<{ id: string }>({ ...claimStatement(window.current), values: [stateVersion, ids] });
      return new Set(rows.map(({ id }) => id));
    },
  };
}

/** Events that a version has applied, as far back as the windows reach. */
export async function appliedCount(db: Queryable, stateVersion: number): Promise<bigint> {
  const counts = windows.map((window) => `(SELECT count(*) FROM applied_event_${window} WHERE state_version = $1)`);
  const [row] = await db.query<{ count: bigint }>({
    text: `SELECT ${counts.join(' + ')} AS count`,
    values: [stateVersion],
  });
  return row?.count ?? 0n;
}

/**
 * How often a version has applied each of the ids (`eventKeyId`): 1 when all is well, 0 where it has not.
 * More than 1 would mean that an event lies in two windows and was counted twice.
 */
export async function appliedTimes(
  db: Queryable,
  stateVersion: number,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const all = windows.map(
    (window) => `SELECT id FROM applied_event_${window} WHERE state_version = $1 AND id = ANY ($2::uuid[])`,
  );
  const times = new Map(ids.map((id) => [id, 0]));
  for (const { id } of await db.query<{ id: string }>({ text: all.join(' UNION ALL '), values: [stateVersion, ids] })) {
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}
