import { topics } from '../../schemas/topics.ts';
import type { BrokerAdmin } from '../broker/admin.ts';
import type { Component } from '../kernel/component.ts';
import { settlesWithin } from '../kernel/deadline.ts';
import { messageOf } from '../kernel/errors.ts';
import {
  type EndOf,
  type ExpectedStage,
  type ReportedWorker,
  type WorkerReport,
  type WorkerState,
  workerReport,
} from '../kernel/worker-report.ts';
import { openWorkerStatus } from '../stores/postgres/worker-status.ts';
import type { WorkerStatusStore } from '../stores/worker-status.ts';
import { installedTopics } from './installed-topics.ts';
import type { ProcessContext } from './resources.ts';

const everyMs = 1_000;
/** Writes between two looks at the others. */
const lookEvery = 10;
/** What an answer waits for the broker. */
const brokerMs = 1_000;
/** What a stop waits for at most: a row that stays is stale after five seconds and gone after a minute. */
const goodbyeMs = 1_000;

/** Stages that are written once for every state version. */
const versioned: ReadonlySet<string> = new Set(['aggregation', 'exposure', 'candidates']);

export interface Workers {
  /** Writes this process's row once a second, for as long as it is started. Never unready, never fails. */
  readonly component: Component;
  /** All processes; rejects with TransientError while Postgres is away. */
  report(): Promise<WorkerReport>;
  /** This process alone, from memory. */
  own(): WorkerReport;
}

export type WorkersContext = Pick<
  ProcessContext,
  'config' | 'clock' | 'log' | 'metrics' | 'instance' | 'appVersion'
> & {
  readonly roles: ReadonlySet<string>;
};

export interface WorkersPorts {
  readonly says: () => WorkerState;
  /** Ends of the log, of topics whose stage nobody runs; a broker that does not answer is not waited for. */
  readonly offsets: BrokerAdmin['offsets'];
}

/** What processes say of themselves: this one writes, any can read. */
export function createWorkers(context: WorkersContext, { says, offsets: endsOf }: WorkersPorts): Workers {
  const { config, clock, instance, appVersion } = context;
  const store = openWorkerStatus(config.FRESHET_POSTGRES_URL);
  const roles = [...context.roles];
  const startedAt = clock.now();
  const read = async () => {
    const { workers, offsets, versions } = await store.read();
    const expected = expectedStages(config.FRESHET_SUBMIT_TOPICS, versions);
    return { workers: workers as readonly ReportedWorker[], offsets, expected };
  };
  const me = () => ({ instance, roles, appVersion, state: says() });
  return {
    component: {
      name: 'worker-status',
      async start() {
        const stopping = new AbortController();
        const look = async () => countMissing(context.metrics, workerReport(await read()));
        const writing = keepWriting(context, { signal: stopping.signal, write: () => store.write(me()), look });
        return {
          async stop() {
            stopping.abort();
            const goodbye = writing.then(() => store.remove(instance)).catch(() => undefined); // away: it gets stale
            await settlesWithin(clock, goodbyeMs, goodbye);
            await settlesWithin(clock, goodbyeMs, store.close());
          },
        };
      },
    },
    async report() {
      const input = await read();
      const topicsOf = workerReport(input).missing.flatMap(({ offsets }) => offsets.map(({ topic }) => topic));
      return workerReport({ ...input, endOf: await knownEnds(new Set(topicsOf), endsOf, clock) });
    },
    own() {
      const now = clock.now();
      const worker: ReportedWorker = { ...me(), startedAt, seenAt: now, silentMs: 0 };
      return workerReport({ workers: [worker], offsets: [], expected: [] });
    },
  };
}

interface KeepWriting {
  readonly signal: AbortSignal;
  write(): Promise<void>;
  /** At what all processes say, now and then. */
  look(): Promise<void>;
}

/** Whoever is scraped tells of stages that nobody runs: a process that is gone cannot. */
function countMissing(metrics: ProcessContext['metrics'], { missing, stages }: WorkerReport): void {
  metrics.stageMissing.reset();
  for (const { stage, stateVersion } of stages) metrics.stageMissing.set({ stage, version: stateVersion }, 0);
  for (const { stage, stateVersion } of missing) metrics.stageMissing.set({ stage, version: stateVersion }, 1);
}

async function knownEnds(
  wanted: ReadonlySet<string>,
  offsets: BrokerAdmin['offsets'],
  clock: ProcessContext['clock'],
): Promise<EndOf> {
  const ends = new Map<string, bigint>();
  const note = async (topic: string) => {
    const ranges = await offsets(topic).catch(() => []); // away, or no such topic: not known
    for (const { partition, high } of ranges) ends.set(`${topic}/${partition}`, high);
  };
  await settlesWithin(clock, brokerMs, Promise.all([...wanted].map(note)));
  return (topic, partition) => ends.get(`${topic}/${partition}`);
}

/** Warns once an outage. */
async function keepWriting(
  { clock, log }: Pick<ProcessContext, 'clock' | 'log'>,
  { signal, write, look }: KeepWriting,
): Promise<void> {
  let away = false;
  for (let n = 1; !signal.aborted; n += 1) {
    try {
      await write();
      if (n % lookEvery === 0) await look();
      away = false;
    } catch (error) {
      if (!away) log.warn({ error: messageOf(error) }, 'cannot write what this process does, others see it as stale');
      away = true;
    }
    await clock.sleep(everyMs, signal);
  }
}

/** The consumers of the topic catalogue; of the doors those that are read here. */
function expectedStages(
  submit: ProcessContext['config']['FRESHET_SUBMIT_TOPICS'],
  versions: Awaited<ReturnType<WorkerStatusStore['read']>>['versions'],
): ExpectedStage[] {
  const { doors, all } = installedTopics(submit);
  const isOpen = (topic: string) => doors.some((door) => door.topic.name === topic);
  const sources = { enriched: topics.interactionEnriched.name, recorded: topics.interactionRecorded.name };
  // Candidates reads sessions into an index of its own, all of them in every process, and keeps no offsets.
  const isRunner = (stage: string, topic: string) => stage !== 'candidates' || topic !== topics.sessionUpdated.name;
  const versionsOf = (stage: string, topic: string) =>
    stage === 'aggregation' ? versions.filter(({ source }) => sources[source] === topic) : versions;
  return all.flatMap(({ name: topic, consumers }) =>
    consumers
      .filter((stage) => (stage !== 'intake' || isOpen(topic)) && isRunner(stage, topic))
      .flatMap((stage) => {
        if (!versioned.has(stage)) return [{ stage, stateVersion: 0, topic }];
        return versionsOf(stage, topic).map(({ version }) => ({ stage, stateVersion: version, topic }));
      }),
  );
}
