import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Database } from '../../pipeline/stores/postgres/database.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';

/** Takes effect within a second; null lifts the limit. Throws FreshetError `state_version_unknown`. */
export async function changeRate(
  database: Database,
  { version, rate, actor }: { readonly version: number; readonly rate: number | null; readonly actor: Actor },
): Promise<void> {
  await database.transaction(async (tx) => {
    const changed = await tx.query({
      text: `UPDATE state_version SET rate = $2::int WHERE version = $1 AND status = 'running' RETURNING 1`,
      values: [version, rate],
    });
    if (changed.length === 0) {
      throw new FreshetError('state_version_unknown', `there is no state version ${version} that is worked on`);
    }
    await recordAudit(tx, actor, { verb: 'rebuild rate', details: { version, rate } });
  });
}
