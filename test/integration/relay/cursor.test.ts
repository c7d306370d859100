import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/broker/producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../pipeline/kernel/metrics.ts';
import { Publisher } from '../../../pipeline/stages/relay/publisher.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { createOutboxSessions } from '../../../pipeline/stores/postgres/relay-session.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { type Committed, plansFor, runPlans, shards } from './interleavings.ts';
import { follow, wrongCursors } from './wrong-cursors.ts';

const seed = Number(process.env.FRESHET_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const transactionCount = 1_500;
const writerCount = 8;
const pageRecords = 7;

let workspace: Workspace;
let database: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'relay-cursor' });
  database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  await database.query({ text: 'CREATE TABLE key_lock (key int PRIMARY KEY, n int NOT NULL DEFAULT 0)' });
  await database.query({ text: 'INSERT INTO key_lock (key) SELECT generate_series(0, 39)' });
});

afterAll(async () => {
  await database.close();
  await workspace.close();
});

/** The real publisher, which forgets everything and reads its cursors again every 50 rounds. */
async function publishUntil(isOver: () => boolean, producer: Producer): Promise<void> {
  const sessions = createOutboxSessions(workspace.config.FRESHET_POSTGRES_URL);
  const epochs = new Map(shards.map((shard) => [shard, 0n]));
  let failure: unknown;
  for (let quietRounds = 0; quietRounds < 20; ) {
    const session = await sessions.open({ onSignal: () => undefined, onBroken: (error) => (failure ??= error) });
    const publisher = new Publisher(session, {
      producer,
      leases: { held: () => epochs, mayPublish: () => true },
      pageRecords,
      clock: systemClock,
      random: Math.random,
      log: createLogger('error'),
      metrics: createMetrics(),
      onFree: () => undefined,
      onBroken: (error) => (failure ??= error),
    });
    for (let round = 0; round < 50 && quietRounds < 20; round += 1) {
      const over = isOver(); // before the round: it must see what was committed last
      const { rows, more } = await publisher.round();
      if (failure) throw failure;
      // A round leaves out shards whose page is still on its way: quiet is only what nothing is in flight beside.
      if (over) await publisher.drained();
      quietRounds = over && rows === 0 && !more ? quietRounds + 1 : 0;
      await systemClock.sleep(rows === 0 ? 2 : 0);
    }
    await publisher.end();
    await session.close();
  }
}

const sorted = (ids: Iterable<string>) => [...ids].sort();

/** Pairs of one key that were read against their causal order. */
function misordered(committed: readonly Committed[], place: ReadonlyMap<string, number>): string[] {
  const wrong: string[] = [];
  for (const earlier of committed) {
    for (const later of committed) {
      if (earlier.key !== later.key) continue;
      const byTime = earlier.committedAt < later.sentAt;
      const byLock =
        earlier.lockOrder !== undefined && later.lockOrder !== undefined && earlier.lockOrder < later.lockOrder;
      if ((byTime || byLock) && (place.get(earlier.id) as number) > (place.get(later.id) as number)) {
        wrong.push(`${earlier.id} after ${later.id}`);
      }
    }
  }
  return wrong;
}

describe(`the cursor under random interleavings (FRESHET_TEST_SEED=${seed})`, () => {
  const published: string[] = [];
  let committed: Committed[] = [];
  const foundBy = new Map<string, string[]>();

  beforeAll(async () => {
    const url = workspace.config.FRESHET_POSTGRES_URL;
    const followers = await Promise.all(
      Object.entries(wrongCursors).map(async ([name, create]) => ({ name, stop: await follow(url, create()) })),
    );
    let isOver = false;
    const publishing = publishUntil(() => isOver, {
      async send(batch) {
        for (const { records } of batch) for (const { value } of records) published.push(String(value));
      },
      close: async () => undefined,
    });
    // Settled at once, so that a failing publisher is reported rather than unhandled while the writers go on.
    const publishedAll = publishing.then(
      () => undefined,
      (error: unknown) => error,
    );
    committed = await runPlans(url, plansFor(seed, transactionCount), writerCount);
    isOver = true;
    const failure = await publishedAll;
    for (const { name, stop } of followers) foundBy.set(name, await stop());
    if (failure) throw failure;
  });

  it('reads exactly the committed rows, each once', () => {
    expect(committed.length).toBeGreaterThan(transactionCount);
    expect(sorted(published)).toEqual(sorted(committed.map(({ id }) => id)));
  });

  it('reads the rows of a key in causal order, by time and by lock', () => {
    const place = new Map(published.map((id, at) => [id, at]));
    expect(misordered(committed, place)).toEqual([]);
  });

  it('leaves nothing unpublished by the stored cursors', async () => {
    expect(await outboxDepth(database)).toEqual({ records: 0, exact: true, oldestCreatedAt: undefined });
  });

  it.each(Object.keys(wrongCursors))('would have lost rows with: %s', (name) => {
    const found = new Set(foundBy.get(name));
    expect(committed.filter(({ id }) => !found.has(id)).length).toBeGreaterThan(0);
  });
});
