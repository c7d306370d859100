import { Kafka, logLevel } from 'kafkajs';
import { expect, inject, it } from 'vitest';
import { type BenchArea, loadEvents, openArea } from '../../../../ops/load/relay/area.ts';
import { benchRelay, type RelayBenchOptions } from '../../../../ops/load/relay/bench.ts';
import { makeEvents } from '../../../../ops/load/relay/events.ts';
import { readBack } from '../../../../ops/load/relay/read-back.ts';
import { relayReport } from '../../../../ops/load/relay/report.ts';
import { withAdmin } from '../../../../ops/stack/areas.ts';

const events = 3_000;
const stack = inject('stack');

const options = (given: Partial<RelayBenchOptions> = {}): RelayBenchOptions => ({
  systems: ['freshet', 'naive', 'xmin'],
  scenarios: ['drain'],
  runs: 1,
  events,
  openMs: 1_000,
  nodeOptions: [],
  say: () => {},
  signal: new AbortController().signal,
  ...given,
});

/** Databases and topics of benches of this process. */
async function leftovers(): Promise<string[]> {
  const databases = await withAdmin(stack.postgresUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    return rows.map(({ datname }) => datname).filter((name) => name.endsWith(`_p${process.pid}`));
  });
  const admin = new Kafka({ brokers: stack.kafkaBrokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter(
    (name) => name.startsWith('bench.') && name.includes(`.p${process.pid}.`),
  );
  await admin.disconnect();
  return [...databases.filter((name) => name.startsWith('freshet_bench_')), ...topics];
}

/** Publishes what the outbox rows of the events would say, in order. */
async function publish(area: BenchArea, topic: string, numbers: readonly number[]): Promise<void> {
  const kafka = new Kafka({ brokers: stack.kafkaBrokers.split(','), logLevel: logLevel.NOTHING });
  // What it repeats after a fault is written once: the test counts records.
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const { rows } = await area.client.query<{ key: Buffer; payload: Buffer }>(
    'SELECT key, payload FROM unnest($1::bigint[]) WITH ORDINALITY AS w (i, ord) JOIN bench_event USING (i) ORDER BY ord',
    [numbers],
  );
  await producer.connect();
  await producer.send({
    topic: area.prefix + topic,
    messages: rows.map(({ key, payload }) => ({ key, value: payload })),
  });
  await producer.disconnect();
}

it('measures each system in turn on the same events and leaves nothing behind', async () => {
  const lines: string[] = [];
  const given = options({ say: (line) => void lines.push(line) });
  const bench = await benchRelay(stack, given);
  expect(bench.runs.drain.map(({ system, start, events: count }) => ({ system, start, count }))).toEqual(
    given.systems.map((system) => ({ system, start: 'cold', count: events })),
  );
  for (const run of bench.runs.drain) {
    expect(run.firstEventMs).toBeGreaterThan(0);
    expect(run.cpuSecondsPerMillion).toBeGreaterThan(0);
    expect(run.peakMiB).toBeGreaterThan(0);
    expect(run.duplicates).toBe(0);
  }
  expect(lines).toHaveLength(1 + 2 * given.systems.length);
  const report = relayReport(bench, given, { command: 'bench relay', startedAt: 'now' });
  expect(report.tables[0]?.rows.map(([name]) => name)).toEqual(['freshet, cold', 'naive, cold', 'xmin, cold']);
  expect(await leftovers()).toEqual([]);
}, 60_000);

it('leaves nothing behind either when it is stopped in the middle', async () => {
  const controller = new AbortController();
  const stopped = benchRelay(stack, options({ say: () => controller.abort(), signal: controller.signal }));
  await expect(stopped).rejects.toThrow('aborted');
  expect(await leftovers()).toEqual([]);
}, 30_000);

it('gives no figure where the topic lacks an event or has one that was not to be published', async () => {
  const area = await openArea(stack);
  try {
    const made = await makeEvents(3);
    await loadEvents(area, made);
    const found = async (numbers: readonly number[]) => {
      const topic = await area.createTopic('read-back');
      await publish(area, topic, numbers);
      return readBack({ area, events: made, topic, expected: 2 });
    };
    expect((await found([0, 1, 1])).comparison).toMatchObject({ missing: 0, duplicates: 1 });
    await expect(found([0])).rejects.toThrow('of 2 events 1 are missing');
    await expect(found([0, 1, 2])).rejects.toThrow('1 records are not as written');
  } finally {
    await area.close();
  }
}, 30_000);
