import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Database } from '../../pipeline/stores/postgres/database.ts';
import { createPostgresProgress } from '../../pipeline/stores/postgres/progress.ts';
import type { ProgressKey, StoredProgress } from '../../pipeline/stores/progress.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';

/** Stages whose effect can be repeated in place, and for all others what does the same. */
const elsewhere: Readonly<Record<string, string>> = {
  aggregation: 'state counts each event once: build it anew beside the live one with `npx freshet rebuild start`',
  exposure: 'state counts each event once: build it anew beside the live one with `npx freshet rebuild start`',
  enrichment:
    'it would publish every interaction again: `npx freshet rebuild start --from recorded` runs enrichment anew, `npx freshet dlq redrive` brings back what it set aside',
};

export type ReplayFrom =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'instant'; readonly at: number }
  | { readonly kind: 'offset'; readonly offset: bigint };

/** Which stored offsets; all that is given must hold. */
export interface OffsetSelection {
  readonly stage: string;
  readonly stateVersion?: number;
  readonly topic?: string;
  readonly partition?: number;
}

export interface Moved extends ProgressKey {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Moves a stage's stored offsets; whoever has the partitions goes on from there within a second. Throws FreshetError
 * `replay_refused` for a stage whose effect cannot be repeated, `stage_unknown`, `offset_out_of_range`.
 */
export async function replay(
  servers: { readonly database: Database; readonly admin: Pick<BrokerAdmin, 'offsets' | 'offsetsAt'> },
  selection: OffsetSelection,
  { from, actor }: { readonly from: ReplayFrom; readonly actor: Actor },
): Promise<readonly Moved[]> {
  const why = elsewhere[selection.stage];
  if (why !== undefined)
    throw new FreshetError('replay_refused', `${selection.stage} cannot be replayed in place: ${why}`);
  const rows = await selected(servers.database, selection);
  const moves = await Promise.all(rows.map(async (row) => ({ ...row, to: await targetOf(servers.admin, row, from) })));
  return moveAll(servers.database, moves, { verb: 'replay', actor });
}

/** Lets partitions go on that were paused, from where they stand. Throws FreshetError `stage_unknown`. */
export async function resume(database: Database, selection: OffsetSelection, actor: Actor): Promise<readonly Moved[]> {
  const rows = await selected(database, selection);
  return moveAll(
    database,
    rows.map((row) => ({ ...row, to: undefined })),
    { verb: 'resume', actor },
  );
}

async function selected(
  database: Database,
  { stage, stateVersion, topic, partition }: OffsetSelection,
): Promise<readonly StoredProgress[]> {
  const progress = createPostgresProgress(database);
  const rows = (await progress.list(stage)).filter(
    (row) =>
      (stateVersion === undefined || row.stateVersion === stateVersion) &&
      (topic === undefined || row.topic === topic) &&
      (partition === undefined || row.partition === partition),
  );
  if (rows.length > 0) return rows;
  const known = [...new Set((await progress.list()).map((row) => row.stage))].join(', ');
  throw new FreshetError(
    'stage_unknown',
    `no stored offset of ${stage} with that version, topic and partition; stages are ${known}`,
  );
}

async function targetOf(
  admin: Pick<BrokerAdmin, 'offsets' | 'offsetsAt'>,
  { topic, partition }: ProgressKey,
  from: ReplayFrom,
): Promise<bigint> {
  const range = (await admin.offsets(topic)).find((one) => one.partition === partition);
  const { low = 0n, high = 0n } = range ?? {};
  if (from.kind === 'earliest') return low;
  if (from.kind === 'instant') {
    const found = (await admin.offsetsAt(topic, from.at)).find((one) => one.partition === partition);
    return found?.offset ?? high;
  }
  if (from.offset >= low && from.offset <= high) return from.offset;
  throw new FreshetError('offset_out_of_range', `${topic}/${partition} holds ${low} to ${high}, not ${from.offset}`);
}

type Move = StoredProgress & { readonly to: bigint | undefined };

/** The audit comes first: a move that nobody knows of would be worse than one that was only begun. */
async function moveAll(
  database: Database,
  moves: readonly Move[],
  { verb, actor }: { readonly verb: string; readonly actor: Actor },
): Promise<readonly Moved[]> {
  const progress = createPostgresProgress(database);
  const moved = moves.map(({ stateVersion, stage, topic, partition, nextOffset, to }) => ({
    stateVersion,
    stage,
    topic,
    partition,
    from: nextOffset,
    to: to ?? nextOffset,
  }));
  await database.transaction((tx) => recordAudit(tx, actor, { verb, details: { moved } }));
  for (const { to, stateVersion, stage, topic, partition } of moves) {
    const next = to === undefined ? {} : { next: to };
    await progress.move({ stateVersion, stage, topic, partition, operator: actor.operator, ...next });
  }
  return moved;
}
