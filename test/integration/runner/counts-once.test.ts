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
  const failures: unknown[] = [];
  beforeAll(async () => {
    servers = await openServers('once', [source]);
    await servers.database.query({ text: 'CREATE TABLE counted (n integer, owner text)' });
  });
  afterAll(() => servers.close());

  const start = (owner: string): Promise<RunningRunner> => {
    const stage = {
      kind: 'stateful',
      name: 'counting',
      consumes: [source],
      stateVersion: 1,
      apply: async (tx: Tx, batch: readonly { readonly value: TestEvent | null }[]) => {
        const numbers = batch.map(({ value }) => value?.n);
        await tx.query({
          text: 'INSERT INTO counted SELECT n, $2 FROM unnest($1::integer[]) AS n',
          values: [numbers, owner],
        });
        return batch.map(() => done);
      },
    } as const;
    const effect = statefulEffect<TestEvent, Tx>({
      stage,
      transactions: servers.database,
      progress: servers.progress,
      deadLetters: { append: async (_, letters) => expect(letters).toEqual([]) },
      clock: systemClock,
      eventIdOf: (value) => value.eventId,
    });
    const runner = createRunner<TestEvent>({ ...servers.common, stage, effect, owner, readerOf: () => jsonReader });
    return runner.start((error) => failures.push(error));
  };
  const produce = (from: number, to: number) =>
    servers.producer.send([
      {
        topic: source.name,
        records: Array.from({ length: to - from }, (_, at) => ({
          key: Buffer.from(`user-${at % 50}`),
          value: Buffer.from(JSON.stringify({ eventId: `e${from + at}`, n: from + at })),
        })),
      },
    ]);
  const counted = async () => {
    const [row] = await servers.database.query<{ events: bigint; distinct: bigint }>({
      text: 'SELECT count(*) AS events, count(DISTINCT n) AS distinct FROM counted',
    });
    return row;
  };
  /** Every connection of this database but the one that asks. */
  const breakConnections = () =>
    servers.database.query({
      text: 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    });

  it('counts each event once while members come and go and connections break', async () => {
    const members = [await start('m0')];
    const rounds = 6;
    for (let round = 0; round < rounds; round += 1) {
      await produce(round * 1_000, round * 1_000 + 1_000);
      if (round % 3 === 0) members.push(await start(`m${round + 1}`));
      if (round % 3 === 2) await members.shift()?.stop();
      await eventually(async () => expect((await counted())?.events).toBeGreaterThan(BigInt(round * 500)));
      await breakConnections();
    }
    const all = BigInt(rounds * 1_000);
    await eventually(async () => expect(await counted()).toEqual({ events: all, distinct: all }), { withinMs: 40_000 });
    for (const member of members) await member.stop();
    expect(await counted()).toEqual({ events: all, distinct: all });
    expect(failures).toEqual([]);
    const ends = await servers.admin.offsets(source.name);
    const stored = await servers.progress.list('counting');
    expect(stored.map(({ nextOffset }) => nextOffset)).toEqual(ends.map(({ high }) => high));
  });
});
