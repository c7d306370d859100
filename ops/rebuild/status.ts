import { setTimeout as delay } from 'node:timers/promises';
import { createCandidateWriter } from '../../pipeline/stores/redis/candidate-writer.ts';
import { topics } from '../../schemas/topics.ts';
import type { Installation } from './installation.ts';
import { endsOf, progressOf, type StageProgress } from './progress.ts';
import { listVersions, type VersionRow } from './versions.ts';

export interface StageStatus extends StageProgress {
  /** Records a second just now. */
  readonly perSecond: number;
  /** Seconds until it is at the end, which moves meanwhile; null where it does not come nearer. */
  readonly etaSeconds: number | null;
}

export interface VersionStatus extends VersionRow {
  readonly stages: readonly StageStatus[];
  /** Partitions whose lists are all written, of how many. */
  readonly listedPartitions: readonly [number, number];
  readonly deadLetters: number;
  /** Processes that work on it just now. */
  readonly workers: number;
}

/** Rates are taken over this long, milliseconds. */
const sampleMs = 1_000;

/** Every version that is not retired. */
export async function rebuildStatus(installation: Installation): Promise<readonly VersionStatus[]> {
  const rows = (await listVersions(installation.database)).filter(({ standing }) => standing !== 'retired');
  const before = await Promise.all(rows.map((row) => stagesOf(installation, row)));
  const startedAt = performance.now();
  await delay(sampleMs);
  const after = await Promise.all(rows.map((row) => stagesOf(installation, row)));
  const seconds = (performance.now() - startedAt) / 1_000;
  return Promise.all(
    rows.map(async (row, at) => ({
      ...row,
      stages: (after[at] ?? []).map((stage, n) => withRate(stage, before[at]?.[n] ?? stage, seconds)),
      ...(await factsOf(installation, row.version)),
    })),
  );
}

async function stagesOf({ database, admin }: Installation, row: VersionRow): Promise<readonly StageProgress[]> {
  return progressOf(database, row, await endsOf(admin, row));
}

function withRate(now: StageProgress, before: StageProgress, seconds: number): StageStatus {
  const perSecond = Math.max(0, (now.handled - before.handled) / seconds);
  const left = now.total - now.handled;
  const nearer = (before.total - before.handled - left) / seconds;
  const etaSeconds = left === 0 ? 0 : nearer > 0 ? Math.ceil(left / nearer) : null;
  return { ...now, perSecond: Math.round(perSecond), etaSeconds };
}

async function factsOf({ database, redis }: Installation, version: number) {
  const projected = await createCandidateWriter(redis).projected(version);
  const [row] = await database.query<{ letters: number; workers: number }>({
    text: `SELECT (SELECT count(*) FROM dead_letter WHERE state_version = $1 AND status = 'open')::int AS letters,
                  (SELECT count(*) FROM worker_status w
                    WHERE w.seen_at > clock_timestamp() - interval '5 seconds'
                      AND EXISTS (SELECT FROM jsonb_array_elements(w.state -> 'stages') s
                                   WHERE (s ->> 'stateVersion')::int = $1))::int AS workers`,
    values: [version],
  });
  return {
    listedPartitions: [projected.size, topics.profileUpdated.partitions] as const,
    deadLetters: row?.letters ?? 0,
    workers: row?.workers ?? 0,
  };
}
