import { heldBehind } from '../relay.ts';
import type { Queryable } from './database.ts';

export type ReleaseResult =
  | { readonly result: 'released' }
  | { readonly result: 'absent' }
  /** It waits behind this one, which must be redriven or discarded first. */
  | { readonly result: 'behind'; readonly seq: bigint };

/**
 * Redrives a parked record of a strict-order topic in place: with nothing refused in front of it, the shard's relay
 * publishes it and then what waits behind it, in seq order, and drops them from the table as the broker takes them.
 * A copy at the end of the outbox would come after later records of the key. To discard one, delete its row:
 * those behind it follow by themselves.
 */
export async function releaseParked(db: Queryable, seq: bigint): Promise<ReleaseResult> {
  const [row] = await db.query<{ front: bigint | null }>({
    text: `WITH target AS (SELECT seq, topic, key, reason FROM outbox_parked WHERE seq = $1 FOR UPDATE),
                front AS (
                  SELECT min(p.seq) AS seq FROM outbox_parked p JOIN target t USING (topic, key)
                   WHERE p.seq < t.seq AND p.reason <> '${heldBehind}'),
                released AS (
                  UPDATE outbox_parked p SET reason = '${heldBehind}', message = 'redriven; before: ' || p.message
                    FROM target t WHERE p.seq = t.seq AND t.reason <> '${heldBehind}')
           SELECT front.seq AS front FROM target, front`,
    values: [seq],
  });
  if (!row) return { result: 'absent' };
  return row.front === null ? { result: 'released' } : { result: 'behind', seq: row.front };
}
