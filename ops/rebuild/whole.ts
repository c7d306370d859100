import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { outboxDepth } from '../../pipeline/stores/postgres/outbox-depth.ts';
import { createCandidateWriter } from '../../pipeline/stores/redis/candidate-writer.ts';
import { topics } from '../../schemas/topics.ts';
import type { StageInput } from './inputs.ts';
import type { Installation } from './installation.ts';
import { endsOf, progressOf } from './progress.ts';
import type { VersionRow } from './versions.ts';

export interface WaitOptions {
  readonly withinMs: number;
  readonly signal: AbortSignal;
  /** Told what is waited for, every two seconds. */
  readonly onWait: (what: string) => void;
}

const everyMs = 200;
const tellEveryMs = 2_000;
/** Rows of `worker_status` that are older are of processes that are gone. */
const aliveMs = 5_000;

/** Asks until it is told nothing is missing; FreshetError `not_ready` that says what was, when the time is over. */
async function until(missing: () => Promise<string | undefined>, options: WaitOptions, deadline: number) {
  let toldAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const what = await missing();
    if (what === undefined) return;
    if (performance.now() - toldAt >= tellEveryMs) {
      options.onWait(what);
      toldAt = performance.now();
    }
    if (options.signal.aborted) throw new FreshetError('interrupted', 'stopped by a signal; nothing was changed');
    if (performance.now() >= deadline) {
      throw new FreshetError(
        'not_ready',
        `still ${what}; nothing was changed. Ask again, or wait longer with --within`,
      );
    }
    await delay(everyMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/**
 * Resolves when lists can be answered from a version. Its state has to be past the ends of the inputs as they are now,
 * all that this put into the outbox published, its candidates past that, every list written, and each live serving
 * process has to hold its popular lists.
 */
export async function untilWhole(installation: Installation, row: VersionRow, options: WaitOptions): Promise<void> {
  const { database, admin, redis } = installation;
  const { version } = row;
  const deadline = performance.now() + options.withinMs;
  const passed = async (stages: readonly StageInput['stage'][]) => {
    const ends = (await endsOf(admin, row)).filter(({ stage }) => stages.includes(stage));
    const missing = async () => {
      const late = (await progressOf(database, row, ends)).filter(({ behind }) => behind.length > 0);
      if (late.length === 0) return undefined;
      return late.map(({ stage, total, handled }) => `${total - handled} records behind in ${stage}`).join(', ');
    };
    await until(missing, options, deadline);
  };
  await passed(['aggregation', 'exposure']);
  const [instant] = await database.query<{ now: number }>({ text: 'SELECT clock_timestamp() AS now' });
  await until(() => unpublishedBefore(installation, instant?.now ?? 0), options, deadline);
  await passed(['candidates']);
  await until(
    async () => {
      const projected = await createCandidateWriter(redis).projected(version);
      const left = topics.profileUpdated.partitions - projected.size;
      return left === 0 ? undefined : `writing the lists of ${left} partitions`;
    },
    options,
    deadline,
  );
  await until(() => servingWithout(installation, version), options, deadline);
}

async function unpublishedBefore({ database }: Installation, instant: number): Promise<string | undefined> {
  const { oldestCreatedAt } = await outboxDepth(database);
  return oldestCreatedAt === undefined || oldestCreatedAt > instant ? undefined : 'publishing what aggregation wrote';
}

async function servingWithout({ database }: Installation, version: number): Promise<string | undefined> {
  const rows = await database.query<{ instance: string }>({
    text: `SELECT instance FROM worker_status
            WHERE 'serving' = ANY (roles) AND seen_at > clock_timestamp() - make_interval(secs => $2::float8)
              AND NOT coalesce(state -> 'serving' -> 'loaded_versions' @> to_jsonb($1::int), false)`,
    values: [version, aliveMs / 1_000],
  });
  if (rows.length === 0) return undefined;
  return `loading popular lists in ${rows.map(({ instance }) => instance).join(', ')}`;
}
