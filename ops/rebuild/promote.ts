import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Tx } from '../../pipeline/stores/postgres/database.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';
import type { Installation } from './installation.ts';
import { activeOf, type VersionRow, versionOf } from './versions.ts';
import { untilWhole, type WaitOptions } from './whole.ts';

export interface Switched {
  readonly from: number;
  readonly to: number;
}

/**
 * Makes a version the one that lists are answered from, once it is whole; the former one goes on beside it. Interrupted
 * before that, nothing is changed. Throws FreshetError `not_promotable`, `not_ready`.
 */
export async function promote(
  installation: Installation,
  { version, actor, ...wait }: WaitOptions & { readonly version: number; readonly actor: Actor },
): Promise<Switched> {
  const row = await versionOf(installation.database, version);
  mustBePromotable(row);
  await untilWhole(installation, row, wait);
  return switchTo(installation, actor, async (tx, active) => {
    mustBePromotable(await versionOf(tx, version));
    await tx.query({
      // A rate is for reading history; the active version takes what comes.
      text: 'UPDATE state_version SET promoted_at = clock_timestamp(), replaced = $2, rate = NULL WHERE version = $1',
      values: [version, active],
    });
    return { verb: 'rebuild promote', to: version };
  });
}

function mustBePromotable({ version, standing }: VersionRow): void {
  if (standing === 'building') return;
  const why =
    standing === 'active'
      ? 'active already'
      : standing === 'kept'
        ? 'kept for a rollback: `rebuild rollback` leads back to it'
        : standing;
  throw new FreshetError('not_promotable', `state version ${version} is ${why}`);
}

/** Answers from the version before again, at once: it has gone on all the while. */
export async function rollback(installation: Installation, actor: Actor): Promise<Switched> {
  return switchTo(installation, actor, async (tx, active) => {
    const { replaced } = await activeOf(tx);
    const former = replaced === null ? undefined : await versionOf(tx, replaced);
    if (former?.standing !== 'kept') {
      throw new FreshetError(
        'no_way_back',
        `there is no version to go back to from state version ${active}: ${replaced === null ? 'it replaced none' : `${replaced} is retired`}`,
      );
    }
    await tx.query({
      text: 'UPDATE state_version SET promoted_at = NULL, replaced = NULL WHERE version = $1',
      values: [active],
    });
    return { verb: 'rebuild rollback', to: former.version };
  });
}

type Decide = (tx: Tx, active: number) => Promise<{ readonly verb: string; readonly to: number }>;

/** The table first: should this end in between, the version's candidates tell Redis within five seconds. */
async function switchTo({ database, redis }: Installation, actor: Actor, decide: Decide): Promise<Switched> {
  const switched = await database.transaction(async (tx) => {
    const [row] = await tx.query<{ version: number }>({ text: 'SELECT version FROM active_version FOR UPDATE' });
    const from = row?.version ?? 0;
    const { verb, to } = await decide(tx, from);
    await tx.query({ text: 'UPDATE active_version SET version = $1', values: [to] });
    await recordAudit(tx, actor, { verb, details: { from, to } });
    return { from, to };
  });
  await redis.set(redisKeys.active, String(switched.to));
  return switched;
}
