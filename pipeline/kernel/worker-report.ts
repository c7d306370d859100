import type { RunnerStatus } from './runner/options.ts';

/** What a process says of itself once a second (`worker_status`). */
export interface WorkerState {
  readonly stages: readonly RunnerStatus[];
  readonly relays: readonly unknown[];
  /** What serving says of itself, where it runs. */
  readonly serving?: unknown;
}

export interface ReportedWorker {
  readonly instance: string;
  readonly roles: readonly string[];
  readonly appVersion: string;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly silentMs: number;
  readonly state: WorkerState;
}

/** A stage that should run: consumer of a topic, for one state version. */
export interface ExpectedStage {
  readonly stage: string;
  readonly stateVersion: number;
  readonly topic: string;
}

interface StoredOffset extends ExpectedStage {
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly owner: string | null;
  readonly updatedAt: number;
}

/** A stage that no process speaks for. */
export interface MissingStage {
  readonly stage: string;
  readonly stateVersion: number;
  readonly topics: readonly string[];
  /** Processes that spoke for it until they fell silent. */
  readonly lastReportedBy: readonly string[];
  readonly offsets: readonly MissingOffset[];
}

export interface MissingOffset extends Omit<StoredOffset, 'stage' | 'stateVersion'> {
  /** Records that wait there; null where the broker did not say in time. */
  readonly lag: number | null;
}

/** End of a partition's log; undefined where it is not known. */
export type EndOf = (topic: string, partition: number) => bigint | undefined;

export interface ReportedStage extends Omit<RunnerStatus, 'state'> {
  readonly instance: string;
  readonly state: RunnerStatus['state'] | 'stale';
  readonly silentMs: number;
}

export interface WorkerReport {
  /** First, for that is what an operator must see. */
  readonly missing: readonly MissingStage[];
  readonly stages: readonly ReportedStage[];
  readonly workers: readonly (ReportedWorker & { readonly isStale: boolean })[];
}

/** A process writes every second; one that is silent for longer says nothing of now. */
const staleAfterMs = 5_000;

export interface WorkerReportInput {
  readonly workers: readonly ReportedWorker[];
  readonly expected: readonly ExpectedStage[];
  readonly offsets: readonly StoredOffset[];
  readonly endOf?: EndOf;
}

/** Each stage of each process, and the stages that nobody runs. */
export function workerReport(input: WorkerReportInput): WorkerReport {
  const { workers } = input;
  const seen = workers.map((worker) => ({ ...worker, isStale: worker.silentMs > staleAfterMs }));
  const stages = seen.flatMap(({ instance, silentMs, isStale, state }) =>
    state.stages.map((one): ReportedStage => ({ ...one, instance, silentMs, state: isStale ? 'stale' : one.state })),
  );
  const order = (one: { stage: string; stateVersion: number }) => `${one.stage} ${one.stateVersion}`;
  return {
    missing: missing(stages, input).toSorted((a, b) => order(a).localeCompare(order(b))),
    stages: stages.toSorted((a, b) => order(a).localeCompare(order(b)) || a.instance.localeCompare(b.instance)),
    workers: seen,
  };
}

function missing(
  stages: readonly ReportedStage[],
  { expected, offsets, endOf = () => undefined }: WorkerReportInput,
): MissingStage[] {
  const speaksFor =
    ({ stage, stateVersion, topic }: ExpectedStage) =>
    (one: ReportedStage) =>
      one.stage === stage && one.stateVersion === stateVersion && one.topics.includes(topic);
  const runs = (one: ReportedStage) => one.state !== 'stale' && one.state !== 'stopped';
  const unspoken = expected.filter((one) => !stages.some((stage) => runs(stage) && speaksFor(one)(stage)));
  const groups = Map.groupBy(unspoken, ({ stage, stateVersion }) => `${stage} ${stateVersion}`);
  return [...groups.values()].map((group) => {
    const { stage, stateVersion } = group[0] as ExpectedStage;
    const silent = stages.filter((one) => group.some((each) => speaksFor(each)(one)));
    return {
      stage,
      stateVersion,
      topics: group.map(({ topic }) => topic),
      lastReportedBy: [...new Set(silent.map(({ instance }) => instance))],
      offsets: offsets
        .filter((one) => group.some((each) => isOf(one, each)))
        .map(({ stage: _, stateVersion: __, ...offset }) => ({ ...offset, lag: lagOf(offset, endOf) })),
    };
  });
}

function lagOf(
  { topic, partition, nextOffset }: Omit<StoredOffset, 'stage' | 'stateVersion'>,
  endOf: EndOf,
): number | null {
  const end = endOf(topic, partition);
  return end === undefined ? null : Math.max(0, Number(end - nextOffset));
}

const isOf = (one: ExpectedStage, other: ExpectedStage): boolean =>
  one.stage === other.stage && one.stateVersion === other.stateVersion && one.topic === other.topic;
