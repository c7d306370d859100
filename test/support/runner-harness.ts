import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordReader, RecordWriter } from '../../pipeline/broker/codec.ts';
import { createMemoryBroker } from '../../pipeline/broker/memory/broker.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import type { Effect } from '../../pipeline/kernel/runner/effect.ts';
import type { RunnerOptions } from '../../pipeline/kernel/runner/options.ts';
import type { SetAside } from '../../pipeline/kernel/runner/ports.ts';
import { createMemoryProgress } from '../../pipeline/stores/memory/progress.ts';
import { createMemoryTransactions, type MemoryTx } from '../../pipeline/stores/memory/transactions.ts';

export interface TestEvent {
  readonly eventId: string;
  readonly n: number;
}

/** JSON instead of Avro: what matters here is what the runner does with a reading. */
export const jsonReader: RecordReader<TestEvent> = {
  read(bytes) {
    try {
      return { ok: true, value: JSON.parse(bytes.toString()) as TestEvent, writerSchemaId: 7 };
    } catch {
      return { ok: false, reason: 'undecodable', message: 'not JSON' };
    }
  },
};
export const jsonWriter: RecordWriter<TestEvent> = {
  write(value) {
    if (value.n < 0) throw new FreshetError('record_invalid', 'n is negative');
    return Buffer.from(JSON.stringify(value));
  },
};

/** Real time, but waiting takes only a turn of the event loop. */
export const hastyClock: Clock = {
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  sleep: async (ms, signal) => {
    if (ms < 10_000) await nextTurn();
    else await systemClock.sleep(ms, signal);
  },
};

export const event = (n: number): TestEvent => ({ eventId: `e${n}`, n });

/** Memory broker with topics `in` and `out`, memory stores, and a count of every event that took effect. */
export async function createHarness({ partitions = 1, fetchRecords = 100 } = {}) {
  const broker = createMemoryBroker({ clock: systemClock, partitionOf, fetchRecords });
  await broker.admin.create(['in', 'out'].map((name) => ({ name, partitions, config: {} })));
  const progress = createMemoryProgress();
  const transactions = createMemoryTransactions();
  const metrics = createMetrics();
  const letters: SetAside[] = [];
  const failures: unknown[] = [];

  const produce = async (values: readonly (TestEvent | string)[], headers: Record<string, Buffer> = {}) => {
    const records = values.map((value, at) => ({
      key: Buffer.from(`user-${at}`),
      value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      headers,
    }));
    await broker.producer.send([{ topic: 'in', records }]);
  };
  return {
    broker,
    progress,
    transactions,
    metrics,
    letters,
    failures,
    produce,
    fail: (error: unknown) => {
      failures.push(error);
    },
    /** Sinks for both kinds of stages; the transactional one forgets what is undone. */
    sink: {
      publish: async (given: readonly SetAside[]) => {
        letters.push(...given);
      },
    },
    appender: {
      append: async (tx: MemoryTx, given: readonly SetAside[]) => {
        letters.push(...given);
        tx.onUndo(() => letters.splice(letters.length - given.length));
      },
    },
    outputs: () => broker.recordsOf('out').map(({ value }) => JSON.parse(String(value)) as TestEvent),
    async nextOffsets() {
      const rows = await progress.list();
      return rows.toSorted((a, b) => a.partition - b.partition).map(({ nextOffset }) => Number(nextOffset));
    },
    options(effect: Effect<TestEvent>, name = 'stage'): RunnerOptions<TestEvent> {
      return {
        stage: { name, consumes: [{ name: 'in' }], stateVersion: 0 },
        effect,
        consumers: broker.consumers,
        offsets: broker.admin,
        progress,
        readerOf: () => jsonReader,
        clock: hastyClock,
        random: () => 0.5,
        log: createLogger('fatal'),
        metrics,
        owner: 'test',
        autoOffsetReset: 'earliest',
        limits: { maxRecords: 50, maxBytes: 1_048_576 },
        dlqLimit: { ratio: 0.2, inARow: 100 },
      };
    },
  };
}

export type Harness = Awaited<ReturnType<typeof createHarness>>;
