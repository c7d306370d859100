import type { RunnerStatus } from '../../pipeline/kernel/runner/options.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { RecordFacts, StageFacts } from './facts.ts';

/** A stage that reads a record. */
export interface Reading {
  readonly stage: string;
  readonly stateVersion: number;
  readonly record: RecordFacts;
}

interface Place {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly next: bigint;
}

/** How far each stage has come, and what the processes that run it say just now. */
export interface Progress {
  readonly places: readonly Place[];
  readonly running: readonly RunnerStatus[];
}

export async function readProgress(db: Queryable): Promise<Progress> {
  const [places, workers] = await Promise.all([
    db.query<Place>({
      text: `SELECT state_version AS "stateVersion", stage, topic, partition, next_offset AS next FROM consumer_offset`,
    }),
    db.query<{ state: { stages?: readonly RunnerStatus[] } }>({
      text: `SELECT state FROM worker_status WHERE seen_at > clock_timestamp() - interval '5 s'`,
    }),
  ]);
  return { places, running: workers.flatMap(({ state }) => state.stages ?? []) };
}

/** Whether a stage has passed a record, and where it has not, what it does instead. */
export function standing({ places, running }: Progress, { stage, stateVersion, record }: Reading): StageFacts {
  const { topic, partition, offset } = record;
  const isIts = (one: { stage: string; stateVersion: number }) =>
    one.stage === stage && one.stateVersion === stateVersion;
  const place = places.find((one) => isIts(one) && one.topic === topic && one.partition === partition);
  const runners = running.filter((one) => isIts(one) && one.topics.includes(topic));
  const holder = runners.find((one) => holding(one, record) !== undefined);
  const runner = holder ?? runners[0];
  const held = holder && holding(holder, record);
  return {
    stage,
    stateVersion,
    topic,
    partition,
    offset,
    next: place?.next ?? null,
    isPast: place !== undefined && place.next > offset,
    running: runner && {
      state: runner.state,
      paused: held?.paused ?? null,
      waitingFor: held?.waitingFor ?? null,
    },
  };
}

const holding = ({ partitions }: RunnerStatus, { topic, partition }: RecordFacts) =>
  partitions.find((one) => one.topic === topic && one.partition === partition);
