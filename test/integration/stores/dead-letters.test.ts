import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetterEntry } from '../../../pipeline/stores/dead-letter.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import {
  createPostgresDeadLetterIndex,
  createPostgresDeadLetters,
} from '../../../pipeline/stores/postgres/dead-letters.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

const entry = (given: Partial<DeadLetterEntry> = {}): DeadLetterEntry => ({
  stateVersion: 1,
  stage: 'aggregation',
  topic: 'engagement.interaction.enriched.v1',
  partition: 3,
  offset: 9_007_199_254_740_993n,
  reason: 'unhandled',
  message: 'cannot',
  eventId: 'e1',
  key: Buffer.from([0, 255]),
  value: Buffer.from([0, 1, 2]),
  headers: [{ name: 'x', value: Buffer.from([0, 200]) }],
  writerSchemaId: 12,
  attempt: 2,
  redriveCount: 0,
  firstFailedAt: at,
  lastFailedAt: at,
  appVersion: '1.0.0',
  recordedAt: at - 5,
  ...given,
});

describe('the index of dead letters', () => {
  let workspace: Workspace;
  let database: Database;
  beforeAll(async () => {
    workspace = await createWorkspace({ name: 'letters' });
    database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  });
  beforeEach(() => database.query({ text: 'TRUNCATE dead_letter' }));
  afterAll(async () => {
    await database.close();
    await workspace.close();
  });
  const letters = () => ({ ...createPostgresDeadLetters(database), ...createPostgresDeadLetterIndex(database) });

  it('gives back what was put, bytes and instants untouched', async () => {
    const nothing = entry({ offset: 1n, key: null, value: null, eventId: null, writerSchemaId: null, headers: [] });
    await letters().put([entry(), nothing]);
    expect(await letters().list({}, { limit: 10 })).toMatchObject([
      { ...nothing, status: 'open', actedAt: null, actions: [] },
      { ...entry(), status: 'open', indexedAt: expect.any(Number) },
    ]);
  });

  it('updates the row of an event that fails again, keeps its first failure and opens it', async () => {
    await letters().put([entry()]);
    await database.query({ text: `UPDATE dead_letter SET status = 'redriven'` });
    const again = entry({ reason: 'invalid', redriveCount: 1, firstFailedAt: at + 50, lastFailedAt: at + 100 });
    await letters().put([again, entry({ lastFailedAt: at + 60 })]);
    expect(await letters().list({}, { limit: 10 })).toMatchObject([{ ...again, firstFailedAt: at, status: 'open' }]);
  });

  it('leaves a row alone when the same letter is read anew', async () => {
    await letters().put([entry()]);
    await database.query({ text: `UPDATE dead_letter SET status = 'discarded'` });
    await letters().put([entry({ message: 'other' })]);
    expect(await letters().list({}, { limit: 10 })).toMatchObject([{ status: 'discarded', message: 'cannot' }]);
  });

  it('takes thousands at once, and text that Postgres would refuse', async () => {
    const many = Array.from({ length: 2_500 }, (_, n) => entry({ offset: BigInt(n), message: `a\u0000b ${n}` }));
    await letters().put(many);
    const [summary] = await letters().summary();
    expect(summary).toMatchObject({ count: 2_500, reason: 'unhandled', oldestFailedAt: at, newestFailedAt: at });
    expect((await letters().list({}, { limit: 1 }))[0]?.message).toBe('a\ufffdb 0');
  });

  it('is summed and filtered by stage, reason, event and time', async () => {
    await letters().put([
      entry({ offset: 1n }),
      entry({ offset: 2n, reason: 'invalid', lastFailedAt: at + 10 }),
      entry({ offset: 3n, stage: 'enrichment', stateVersion: 0, eventId: 'e3', lastFailedAt: at + 20 }),
    ]);
    const offsets = async (filter: Parameters<ReturnType<typeof letters>['list']>[0]) =>
      (await letters().list(filter, { limit: 10 })).map(({ offset }) => offset);
    expect(await offsets({})).toEqual([3n, 2n, 1n]);
    expect(await offsets({ stage: 'aggregation', reason: 'invalid' })).toEqual([2n]);
    expect(await offsets({ eventId: 'e3' })).toEqual([3n]);
    expect(await offsets({ from: at + 10, to: at + 20 })).toEqual([2n]);
    const summary = await letters().summary({ stage: 'aggregation' });
    expect(summary.map(({ reason, count }) => [reason, count])).toEqual([
      ['invalid', 1],
      ['unhandled', 1],
    ]);
  });

  it('forgets what failed last before a time', async () => {
    await letters().put([entry({ offset: 1n }), entry({ offset: 2n, lastFailedAt: at + 10 })]);
    expect(await letters().expire(at + 10)).toBe(1);
    expect((await letters().list({}, { limit: 10 })).map(({ offset }) => offset)).toEqual([2n]);
  });

  it('fails without repeating the payload in its message', async () => {
    const secret = entry({ partition: 3_000_000_000, message: 'secret' });
    await expect(letters().put([secret])).rejects.toMatchObject({ code: expect.stringMatching(/^sql_22/) });
    await expect(letters().put([secret])).rejects.not.toThrow(/secret/);
  });
});
