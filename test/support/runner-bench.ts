import { randomBytes } from 'node:crypto';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import { done, type Outcome } from '../../pipeline/kernel/outcome.ts';
import type { Effect } from '../../pipeline/kernel/runner/effect.ts';
import type { Runner, RunnerOptions } from '../../pipeline/kernel/runner/options.ts';
import type { SetAside } from '../../pipeline/kernel/runner/ports.ts';
import { createRunner } from '../../pipeline/kernel/runner/runner.ts';
import { statefulEffect } from '../../pipeline/kernel/runner/stateful.ts';
import { statelessEffect } from '../../pipeline/kernel/runner/stateless.ts';
import type { Delivery } from '../../pipeline/kernel/stage.ts';
import { jsonReader, jsonWriter, type TestEvent } from './runner-harness.ts';
import type { RunnerRig } from './runner-rigs.ts';

type Batch = readonly Delivery<TestEvent>[];
type Apply = (batch: Batch) => Promise<readonly Outcome[]>;
type Handle = (batch: Batch) => Promise<readonly Outcome<TestEvent>[]>;
type Changes = Partial<RunnerOptions<TestEvent>> & { readonly stateVersion?: number };

/** A key that lies in the partition. */
function keyIn(partition: number, partitions: number): Buffer {
  for (let n = 0; ; n += 1) {
    const key = Buffer.from(`key-${n}`);
    if (partitionOf(key, partitions) === partition) return key;
  }
}

/** A topic and a stage of its own, and what became of its records. */
export async function openBench(rig: RunnerRig, partitions = 1) {
  const name = `s-${randomBytes(4).toString('hex')}`;
  const topic = `in-${name}`;
  const out = `out-${name}`;
  await rig.admin.create([topic, out].map((each) => ({ name: each, partitions, config: {} })));
  const failures: unknown[] = [];
  const published: SetAside[] = [];
  const key = { stage: name, topic, partition: 0 };
  const options = (effect: Effect<TestEvent>, { stateVersion = 0, ...changes }: Changes): RunnerOptions<TestEvent> => ({
    ...rig,
    stage: { name, consumes: [{ name: topic }], stateVersion },
    effect,
    offsets: rig.admin,
    readerOf: () => jsonReader,
    random: () => 0.5,
    log: createLogger('silent'),
    metrics: createMetrics(),
    owner: 'test',
    autoOffsetReset: 'earliest',
    limits: { maxRecords: 50, maxBytes: 1_048_576 },
    dlqLimit: { ratio: 0.2, inARow: 100 },
    ...changes,
  });
  const common = { clock: rig.clock, eventIdOf: (value: TestEvent) => value.eventId, progress: rig.progress };
  const start = (runner: Runner) => runner.start((error) => failures.push(error));
  return {
    name,
    topic,
    key,
    failures,
    published,
    start,
    /** Counts each event once, after `apply` has had its say. */
    stateful(apply: Apply = async (batch) => batch.map(() => done), changes: Changes = {}): Runner {
      const stage = {
        kind: 'stateful' as const,
        name,
        consumes: [{ name: topic }],
        stateVersion: changes.stateVersion ?? 0,
        async apply(tx: unknown, batch: Batch) {
          const outcomes = await apply(batch);
          for (const [at, { value }] of batch.entries()) {
            if (outcomes[at]?.kind === 'done' && value !== null) await rig.state.count(tx, name, value.n);
          }
          return outcomes;
        },
      };
      const { transactions, state } = rig;
      const effect = statefulEffect<TestEvent, unknown>({
        ...common,
        stage,
        transactions,
        deadLetters: { append: (tx, letters) => state.setAside(tx, letters) },
      });
      return createRunner(options(effect, changes));
    },
    stateless(handle: Handle, changes: Changes = {}): Runner {
      const stage = {
        kind: 'stateless' as const,
        name,
        consumes: [{ name: topic }],
        produces: { name: out },
        stateVersion: 0,
        handle,
      };
      const effect = statelessEffect<TestEvent, TestEvent>({
        ...common,
        progress: rig.progress as never,
        stage,
        output: { producer: rig.producer, writer: jsonWriter },
        deadLetters: { publish: async (letters) => void published.push(...letters) },
      });
      return createRunner(options(effect, changes));
    },
    produce(
      values: readonly (TestEvent | string | null)[],
      given: { headers?: Record<string, Buffer>; to?: number } = {},
    ) {
      const { headers = {}, to } = given;
      const records = values.map((value, at) => ({
        key: to === undefined ? Buffer.from(`user-${at}`) : keyIn(to, partitions),
        value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
        headers,
      }));
      return rig.producer.send([{ topic, records }]);
    },
    counted: () => rig.state.counted(name),
    letters: () => rig.state.letters(name),
    async next() {
      const rows = await rig.progress.list(name);
      return rows.toSorted((a, b) => a.partition - b.partition).map(({ nextOffset }) => Number(nextOffset));
    },
    ends: async () => (await rig.admin.offsets(topic)).map(({ high }) => Number(high)),
    emitted: async () => (await rig.admin.offsets(out)).reduce((sum, { high }) => sum + Number(high), 0),
  };
}
