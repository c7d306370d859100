import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { done } from '../../../pipeline/kernel/outcome.ts';
import type { RunningRunner } from '../../../pipeline/kernel/runner/options.ts';
import { createRunner } from '../../../pipeline/kernel/runner/runner.ts';
import { statefulEffect } from '../../../pipeline/kernel/runner/stateful.ts';
import type { Tx } from '../../../pipeline/stores/postgres/database.ts';
import { topics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { jsonReader, type TestEvent } from '../../support/runner-harness.ts';
import { openServers, type Servers } from './servers.ts';

const source = topics.interactionEnriched;

describe('a stateful stage on real servers', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await openServers('once', [source]);
    await servers.database.query({ text: 'CREATE TABLE counted (stage text, n integer, owner text)' });
  });
  afterAll(() => servers.close());

  const failures: unknown[] = [];
  let produced = 0;
  const produce = async (count: number) => {
    const records = Array.from({ length: count }, (_, at) => ({
      key: Buffer.from(`user-${at % 50}`),
      value: Buffer.from(JSON.stringify({ eventId: `e${produced + at}`, n: produced + at })),
    }));
    await servers.producer.send([{ topic: source.name, records }]);
    produced += count;
  };
  const start = (name: string, owner: string, consumers = servers.common.consumers): Promise<RunningRunner> => {
    const apply = async (tx: Tx, batch: readonly { readonly value: TestEvent | null }[]) => {
      const numbers = batch.map(({ value }) => value?.n);
      const text = 'INSERT INTO counted SELECT $3, n, $2 FROM unnest($1::integer[]) AS n';
      await tx.query({ text, values: [numbers, owner, name] });
      return batch.map(() => done);
    };
    const stage = { kind: 'stateful', name, consumes: [source], stateVersion: 1, apply } as const;
    const effect = statefulEffect<TestEvent, Tx>({
      stage,
      transactions: servers.database,
      progress: servers.progress,
      deadLetters: { append: async (_, letters) => expect(letters).toEqual([]) },
      clock: systemClock,
      eventIdOf: (value) => value.eventId,
    });
    const runner = createRunner<TestEvent>({
      ...servers.common,
      consumers,
      stage,
      effect,
      owner,
      readerOf: () => jsonReader,
    });
    return runner.start((error) => failures.push(error));
  };
  const counted = async (stage: string) => {
    const [row] = await servers.database.query<{ events: number; distinct: number; owners: number }>({
      text: `SELECT count(*)::int AS events, count(DISTINCT n)::int AS distinct, count(DISTINCT owner)::int AS owners
               FROM counted WHERE stage = $1`,
      values: [stage],
    });
    return row;
  };
  const expectCountedOnce = (stage: string) =>
    eventually(async () => expect(await counted(stage)).toMatchObject({ events: produced, distinct: produced }), {
      withinMs: 40_000,
    });
  const expectAllMarked = async (stage: string) => {
    const ends = await servers.admin.offsets(source.name);
    const stored = await servers.progress.list(stage);
    expect(stored.map(({ nextOffset }) => nextOffset)).toEqual(ends.map(({ high }) => high));
  };
  /** Every connection of this database but the one that asks. */
  const breakConnections = () =>
    servers.database.query({
      text: 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    });

  it('counts each event once while members come and go and connections break', async () => {
    const members = [await start('sharing', 'm0')];
    for (let round = 0; round < 6; round += 1) {
      await produce(1_000);
      if (round % 3 === 0) members.push(await start('sharing', `m${round + 1}`));
      if (round % 3 === 2) await members.shift()?.stop();
      await eventually(async () => expect((await counted('sharing'))?.events).toBeGreaterThan(round * 500));
      await breakConnections();
    }
    await expectCountedOnce('sharing');
    for (const member of members) await member.stop();
    await expectAllMarked('sharing');
    expect(failures).toEqual([]);
  });

  it('counts each event once while two members both believe that every partition is theirs', async () => {
    const members = [await start('split', 'left'), await start('split', 'right', servers.consumersOf('other.'))];
    for (let round = 0; round < 10; round += 1) {
      await produce(400);
      await eventually(async () => expect((await counted('split'))?.events).toBeGreaterThan(produced - 400));
    }
    await expectCountedOnce('split');
    for (const member of members) await member.stop();
    await expectAllMarked('split');
    expect((await counted('split'))?.owners).toBe(2);
    expect(failures).toEqual([]);
  });
});
