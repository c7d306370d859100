import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Database, Tx } from '../../pipeline/stores/postgres/database.ts';
import { type Actor, recordAudit } from './audit.ts';
import { wasPublished } from './published.ts';
import { planRestamp, type RestampPlan } from './restamp-plan.ts';

/**
 * Makes an outbox that came from another cluster publishable again, in one transaction. Every restored row was
 * committed; whether it was published is judged by the restored cursor and its snapshots, which are comparable with the
 * row's id because both are of the old cluster. Then published rows get id 2, visible to every snapshot, and the others
 * the id of this transaction, visible from its commit on. Cursors start anew below their first unpublished row, with a
 * base in which only id 2 counts as published; rows written here keep their ids and follow. Nothing is lost; what the
 * broker had taken without the cursor knowing comes twice, as after any crash, and rows whose origin cannot be told.
 */
export async function restamp(database: Database, actor: Actor): Promise<RestampPlan> {
  return database.transaction(async (tx) => {
    await tx.query({ text: "SET LOCAL lock_timeout = '10s'" });
    // Relays take a lease by updating both: from here on none can. Writers go on.
    await tx.query({ text: 'LOCK TABLE relay_lease, outbox_cursor, outbox_partition IN EXCLUSIVE MODE' });
    const plan = await planRestamp(tx);
    if (plan.problems.length > 0) throw new FreshetError('restamp_refused', plan.problems.join('; '));
    if (plan.action === 'none') return plan;
    if (plan.action === 'rewrite') await rewrite(tx, plan);
    await tx.query({
      text: 'UPDATE outbox_identity SET system_identifier = (SELECT system_identifier FROM pg_control_system())',
    });
    await recordAudit(tx, actor, { verb: 'outbox restamp', details: { ...plan } });
    return plan;
  });
}

async function rewrite(tx: Tx, { restoredTo, shards }: RestampPlan): Promise<void> {
  await tx.query({
    text: `UPDATE outbox o SET xid = CASE WHEN ${wasPublished} THEN '2'::xid8 ELSE pg_current_xact_id() END
             FROM outbox_cursor c WHERE c.shard = o.shard AND o.seq <= $1`,
    values: [restoredTo ?? 0n],
  });
  await tx.query({ text: `UPDATE relay_lease SET owner = NULL, epoch = epoch + 1, expires_at = '-infinity'` });
  // Every transaction that may still be writing draws its seq above what was restored: that is a proven floor.
  await tx.query({
    text: `UPDATE outbox_cursor c
              SET epoch = l.epoch, base = '3:3:', base_floor = n.floor, hold_xid = '{}', hold_floor = '{}',
                  target = NULL, target_floor = NULL, last_seq = 0, next_floor = $3, updated_at = clock_timestamp()
             FROM relay_lease l, unnest($1::smallint[], $2::bigint[]) AS n (shard, floor)
            WHERE l.shard = c.shard AND n.shard = c.shard`,
    values: [shards.map(({ shard }) => shard), shards.map(({ floor }) => floor), restoredTo ?? 0n],
  });
  // Its ids were the old cluster's; partitions are closed again, by this one's.
  await tx.query({ text: 'UPDATE outbox_partition SET closed_xid = NULL, closed_at = NULL, refused_at = NULL' });
}
