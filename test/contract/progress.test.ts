import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryProgress } from '../../pipeline/stores/memory/progress.ts';
import { createMemoryTransactions } from '../../pipeline/stores/memory/transactions.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { createPostgresProgress } from '../../pipeline/stores/postgres/progress.ts';
import type { Progress } from '../../pipeline/stores/progress.ts';
import type { Transactions } from '../../pipeline/stores/transaction.ts';
import { createWorkspace } from '../support/workspace.ts';

interface Stores {
  readonly progress: Progress<unknown>;
  readonly transactions: Transactions<unknown>;
  close(): Promise<void>;
}

async function openMemory(): Promise<Stores> {
  const transactions = createMemoryTransactions() as Transactions<unknown>;
  return { progress: createMemoryProgress() as Progress<unknown>, transactions, close: async () => undefined };
}

async function openPostgres(): Promise<Stores> {
  const workspace = await createWorkspace({ name: 'progress' });
  const url = workspace.config.FRESHET_POSTGRES_URL;
  const database = openDatabase({ url, onIdleError: () => undefined });
  await database.query({ text: `INSERT INTO state_version (version, settings) VALUES (2, '{}')` });
  return {
    progress: createPostgresProgress(database) as Progress<unknown>,
    transactions: database as Transactions<unknown>,
    async close() {
      await database.close();
      await workspace.close();
    },
  };
}

describe.each([
  ['memory', openMemory],
  ['Postgres', openPostgres],
])('stored progress (%s)', (_, open) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(() => stores.close());

  let count = 0;
  const newKey = () => ({ stateVersion: 1, stage: `stage-${count++}`, topic: 'topic', partition: 2 });

  it('starts where it is told the first time, and where it was left from then on', async () => {
    const key = newKey();
    const first = await stores.progress.claim({ ...key, owner: 'a', initial: 7n });
    expect(first.nextOffset).toBe(7n);
    await stores.progress.advance(undefined, { ...key, epoch: first.epoch, expected: 7n, next: 12n });
    const second = await stores.progress.claim({ ...key, owner: 'b', initial: 0n });
    expect(second.nextOffset).toBe(12n);
    expect(second.epoch).toBeGreaterThan(first.epoch);
    expect(await stores.progress.list(key.stage)).toMatchObject([{ ...key, nextOffset: 12n, owner: 'b' }]);
  });

  it('shows what an operator moved until it is claimed, and lets no former owner go on', async () => {
    const key = newKey();
    const { stateVersion, stage } = key;
    expect(await stores.progress.move({ ...key, operator: 'o' })).toBe(false);
    const { epoch } = await stores.progress.claim({ ...key, owner: 'a', initial: 7n });
    expect(await stores.progress.move({ ...key, operator: 'o', next: 3n })).toBe(true);
    expect(await stores.progress.moved({ stateVersion, stage })).toEqual([key]);
    expect(await stores.progress.advance(undefined, { ...key, epoch, expected: 7n, next: 8n })).toBe(false);
    expect((await stores.progress.claim({ ...key, owner: 'a', initial: 0n })).nextOffset).toBe(3n);
    expect(await stores.progress.moved({ stateVersion, stage })).toEqual([]);
    await stores.progress.move({ ...key, operator: 'o' });
    expect((await stores.progress.claim({ ...key, owner: 'a', initial: 0n })).nextOffset).toBe(3n);
  });

  it('keeps stages, versions, topics and partitions apart', async () => {
    const key = newKey();
    const others = [{ stateVersion: 2 }, { stage: `${key.stage}-b` }, { topic: 'other' }, { partition: 3 }];
    const { epoch } = await stores.progress.claim({ ...key, owner: 'a', initial: 0n });
    for (const other of others) await stores.progress.claim({ ...key, ...other, owner: 'a', initial: 0n });
    expect(await stores.progress.advance(undefined, { ...key, epoch, expected: 0n, next: 5n })).toBe(true);
    for (const other of others) {
      const { nextOffset } = await stores.progress.claim({ ...key, ...other, owner: 'a', initial: 9n });
      expect(nextOffset).toBe(0n);
    }
  });

  it('moves from the expected offset only', async () => {
    const key = newKey();
    const { epoch } = await stores.progress.claim({ ...key, owner: 'a', initial: 0n });
    const move = { ...key, epoch, expected: 0n, next: 5n };
    expect(await stores.progress.advance(undefined, move)).toBe(true);
    expect(await stores.progress.advance(undefined, move)).toBe(false);
    expect(await stores.progress.list(key.stage)).toMatchObject([{ nextOffset: 5n }]);
  });

  it('moves for the newest owner only', async () => {
    const key = newKey();
    const former = await stores.progress.claim({ ...key, owner: 'a', initial: 0n });
    const newest = await stores.progress.claim({ ...key, owner: 'b', initial: 0n });
    const move = { ...key, expected: 0n, next: 5n };
    expect(await stores.progress.advance(undefined, { ...move, epoch: former.epoch })).toBe(false);
    expect(await stores.progress.advance(undefined, { ...move, epoch: newest.epoch })).toBe(true);
  });

  it('has nothing to move where nobody has claimed', async () => {
    const move = { ...newKey(), epoch: 1n, expected: 0n, next: 5n };
    expect(await stores.progress.advance(undefined, move)).toBe(false);
  });

  it('is undone with the transaction that moved it', async () => {
    const key = newKey();
    const { epoch } = await stores.progress.claim({ ...key, owner: 'a', initial: 0n });
    const move = { ...key, epoch, expected: 0n, next: 5n };
    const failing = stores.transactions.transaction(async (tx) => {
      expect(await stores.progress.advance(tx, move)).toBe(true);
      throw new Error('undo');
    });
    await expect(failing).rejects.toThrow('undo');
    expect(await stores.progress.list(key.stage)).toMatchObject([{ nextOffset: 0n }]);
    await stores.transactions.transaction((tx) => stores.progress.advance(tx, move));
    expect(await stores.progress.list(key.stage)).toMatchObject([{ nextOffset: 5n }]);
  });

  it('moves once where two try at the same time', async () => {
    const key = newKey();
    const { epoch } = await stores.progress.claim({ ...key, owner: 'a', initial: 0n });
    const tries = [5n, 6n, 7n, 8n].map((next) =>
      stores.transactions.transaction((tx) => stores.progress.advance(tx, { ...key, epoch, expected: 0n, next })),
    );
    expect((await Promise.all(tries)).filter((moved) => moved)).toHaveLength(1);
  });
});
