import type { BrokerAdmin, PartitionRange } from '../../pipeline/broker/admin.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import { inputsOf, type StageInput } from './inputs.ts';
import type { VersionRow } from './versions.ts';

/** How far one stage of a version has come. */
export interface StageProgress extends StageInput {
  /** Records from where it began up to the end of the topic when this was asked. */
  readonly total: number;
  readonly handled: number;
  /** Partitions that are not at that end yet. */
  readonly behind: readonly number[];
}

/** The ends of a version's inputs at one instant. */
export type Ends = readonly (StageInput & { readonly ranges: readonly PartitionRange[] })[];

export function endsOf(admin: Pick<BrokerAdmin, 'offsets'>, { source }: VersionRow): Promise<Ends> {
  return Promise.all(inputsOf(source).map(async (input) => ({ ...input, ranges: await admin.offsets(input.topic) })));
}

/** Offsets without a visible record count as passed: a stage's place is where its fetches ended. */
export async function progressOf(
  db: Queryable,
  { version, startOffsets }: VersionRow,
  ends: Ends,
): Promise<readonly StageProgress[]> {
  const places = await db.query<{ stage: string; topic: string; partition: number; next: bigint }>({
    text: 'SELECT stage, topic, partition, next_offset AS next FROM consumer_offset WHERE state_version = $1',
    values: [version],
  });
  return ends.map(({ stage, topic, ranges }) => {
    let total = 0n;
    let handled = 0n;
    const behind: number[] = [];
    for (const { partition, low, high } of ranges) {
      const isHere = (one: { stage: string; topic: string; partition: number }) =>
        one.stage === stage && one.topic === topic && one.partition === partition;
      const began = BigInt(startOffsets.find(isHere)?.offset ?? low);
      const next = places.find(isHere)?.next ?? began;
      total += high > began ? high - began : 0n;
      handled += (next < high ? next : high) - began > 0n ? (next < high ? next : high) - began : 0n;
      if (next < high) behind.push(partition);
    }
    return { stage, topic, total: Number(total), handled: Number(handled), behind };
  });
}

/** Records that a version's state has not taken in yet. */
export async function behindOf(
  { database, admin }: { readonly database: Queryable; readonly admin: Pick<BrokerAdmin, 'offsets'> },
  row: VersionRow,
): Promise<number> {
  const stages = await progressOf(database, row, await endsOf(admin, row));
  return stages.reduce((sum, { stage, total, handled }) => (stage === 'candidates' ? sum : sum + total - handled), 0);
}
