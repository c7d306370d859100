import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backfill } from '../../ops/backfill/backfill.ts';
import { createBackfillStore } from '../../ops/backfill/progress-store.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { eventually } from '../support/eventually.ts';
import { startFreshet } from '../support/freshet-child.ts';
import type { Shopper } from '../support/shopper.ts';
import { startWholeProcess, type WholeProcess } from '../support/whole-process.ts';

const namespace = 'shop';
const copies = 400;
let whole: WholeProcess;
let shopper: Shopper;

const redis = () => whole.process.pipeline.resources.redis;
const query = <R extends object>(text: string, values: unknown[] = []) =>
  whole.process.pipeline.resources.database.query<R>({ text, values });
const listOf = (userId: string, ns = namespace) => redis().getBuffer(redisKeys.list(1, ns, userId));
const refresh = async (userId: string) => {
  const response = await fetch(`${whole.process.url}/v1/recommendations/${userId}/refresh?namespace=${namespace}`, {
    method: 'POST',
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const listsThere = async (ns: string) => {
  const found = await redis().keys(`f:1:{${ns}|u*:list`);
  return found.length;
};
const loseLists = async () => {
  const keys = await redis().keys('f:1:{*|u*:*');
  if (keys.length > 0) await redis().del(...keys);
};

interface RunOptions {
  readonly namespace?: string;
  readonly rate?: number;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly patienceMs?: number;
  readonly run?: string;
  onProgress?(done: number, total: number): void;
}

const runBackfill = ({ namespace: only, rate = 5_000, resume = false, ...options }: RunOptions = {}) =>
  backfill({
    database: whole.process.pipeline.resources.database,
    storeOf: (version) => createBackfillStore(redis(), version),
    run: 'this test',
    namespace: only ?? null,
    rate,
    resume,
    clock: systemClock,
    random: () => 0.5,
    log: createLogger('fatal'),
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  });

beforeAll(async () => {
  whole = await startWholeProcess({ name: 'e2e-refresh' });
  shopper = whole.shopper;
  const items = ['a', 'b', 'c'].map((item_id) => ({ namespace, item_id, revision: 1 }));
  await shopper.post('/v1/items:upsert', { items });
  for (const item_id of ['a', 'b', 'c']) await shopper.tell({ user_id: 'u1', session_id: 's', item_id });
  const event = await shopper.tell({ user_id: 'anna', item_id: 'a' });
  await shopper.listReflecting('anna', event);
  await query(
    `INSERT INTO user_profile (state_version, namespace, user_id, revision, body)
     SELECT 1, ns, user_id || '-' || n, 1, body
       FROM user_profile, generate_series(1, $1 / 2) n, unnest(ARRAY ['shop', 'zoo']) ns WHERE user_id = 'anna'`,
    [copies],
  );
  await query(
    `INSERT INTO session (state_version, namespace, user_id, session_id, first_occurred_at, last_occurred_at, body)
     SELECT 1, ns, user_id || '-' || n, session_id, first_occurred_at, last_occurred_at, body
       FROM session, generate_series(1, $1 / 2) n, unnest(ARRAY ['shop', 'zoo']) ns WHERE user_id = 'anna'`,
    [copies],
  );
});
afterAll(() => whole?.close());

describe('a refresh', () => {
  it('makes the list again from the stored profile, and is refused when it is asked again', async () => {
    await redis().del(redisKeys.list(1, namespace, 'anna'));
    expect(await listOf('anna')).toBeNull();
    expect(await refresh('anna')).toMatchObject({ status: 202, body: { status: 'queued' } });
    await eventually(async () => expect((await shopper.list('anna')).fallback_level).toBe('personal'));
    const again = await eventually(async () => {
      const answer = await refresh('anna');
      expect(answer.status).toBe(429);
      return answer;
    });
    expect(again.body).toMatchObject({ code: 'refresh_too_often' });
  });

  it('of an unknown user is taken, and leaves nothing', async () => {
    expect(await refresh('nobody')).toMatchObject({ status: 202 });
    await eventually(async () => {
      const { values } = await whole.process.metrics.candidatesRefreshes.get();
      expect(values).toContainEqual({ labels: { lane: 'asked', result: 'unknown' }, value: 1 });
    });
    expect(await listOf('nobody')).toBeNull();
  });
});

describe('a backfill', () => {
  it('makes the lists of all users again', async () => {
    await loseLists();
    const told: number[] = [];
    const result = await runBackfill({ onProgress: (done) => told.push(done) });
    expect(result).toEqual({ version: 1, users: copies + 2, resumedAt: 0 });
    expect((await listsThere('shop')) + (await listsThere('zoo'))).toBe(copies + 2);
    expect(told.at(-1)).toBe(copies + 2);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    const store = createBackfillStore(redis(), 1);
    expect(await store.waiting()).toEqual({ count: 0, isFull: false });
    expect(await store.position()).toBeUndefined();
  });

  it('leaves other namespaces alone', async () => {
    await loseLists();
    expect(await runBackfill({ namespace: 'zoo' })).toMatchObject({ users: copies / 2 });
    expect(await listsThere('zoo')).toBe(copies / 2);
    expect(await listsThere('shop')).toBe(0);
  });

  it('goes on where a stopped run was', async () => {
    await loseLists();
    const stop = new AbortController();
    const stopped = runBackfill({
      rate: 1_000,
      signal: stop.signal,
      onProgress: (done) => void (done >= 100 && stop.abort()),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    const { resumedAt, users } = await runBackfill({ resume: true });
    expect(resumedAt).toBeGreaterThanOrEqual(100);
    expect(resumedAt).toBeLessThan(copies);
    expect(users).toBe(copies + 2);
    expect((await listsThere('shop')) + (await listsThere('zoo'))).toBe(copies + 2);
  });

  it('is refused while another one runs, and for another namespace than was stopped', async () => {
    const store = createBackfillStore(redis(), 1);
    expect(await store.claim('another')).toBe(true);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'backfill_running' });
    await store.release('another');
    await store.add([], { only: 'zoo', cursor: { namespace: 'zoo', userId: 'x' }, queued: 7 });
    await expect(runBackfill({ resume: true })).rejects.toMatchObject({ code: 'backfill_other_namespace' });
    expect(await runBackfill({ resume: false, namespace: 'nowhere' })).toMatchObject({ users: 0 });
  });

  it('is a command that ends with 0 when all are done, and a dry run changes nothing', async () => {
    await loseLists();
    await using dry = startFreshet(['backfill', '--dry-run', '--rate', '100'], whole.workspace.env);
    expect(await dry.ended(20_000)).toMatchObject({ code: 0 });
    expect(dry.lines.join('\n')).toContain(`${copies + 2} lists would be made again, in 5 s at 100 users/s`);
    expect(await listsThere('zoo')).toBe(0);
    await using all = startFreshet(['backfill', '--rate', '5000'], whole.workspace.env);
    expect(await all.ended(20_000)).toMatchObject({ code: 0 });
    expect(all.lines.join('\n')).toContain(`state version 1: ${copies + 2} lists made again`);
    expect(await listsThere('zoo')).toBe(copies / 2);
  });

  it('ends with 1 when it is stopped, and a later command goes on there', async () => {
    await loseLists();
    const store = createBackfillStore(redis(), 1);
    await using stopped = startFreshet(['backfill', '--rate', '100'], whole.workspace.env);
    await eventually(async () => expect((await store.position())?.queued).toBeGreaterThan(0));
    stopped.send('SIGINT');
    expect(await stopped.ended(20_000)).toMatchObject({ code: 1 });
    expect(stopped.lines.join('\n')).toContain('stopped by a signal; --resume goes on where it was (interrupted)');
    expect(await listsThere('zoo')).toBe(0);
    await using resumed = startFreshet(['backfill', '--rate', '5000', '--resume'], whole.workspace.env);
    expect(await resumed.ended(20_000)).toMatchObject({ code: 0 });
    expect(resumed.lines.join('\n')).toMatch(/402 lists made again, \d+ of them by the run before/);
    expect((await listsThere('shop')) + (await listsThere('zoo'))).toBe(copies + 2);
  });

  it('names lists that could not be made, and makes all others', async () => {
    await loseLists();
    await query(`DELETE FROM session WHERE user_id = 'anna-7' AND namespace = 'shop'`);
    await expect(runBackfill()).rejects.toMatchObject({ code: 'backfill_failed' });
    expect((await listsThere('shop')) + (await listsThere('zoo'))).toBe(copies + 1);
    expect(whole.fatal).toEqual([]);
    await query(`DELETE FROM user_profile WHERE user_id = 'anna-7' AND namespace = 'shop'`);
    expect(await runBackfill()).toMatchObject({ users: copies + 1 });
  });

  it('says so where no candidates process runs', async () => {
    await query(
      `INSERT INTO state_version (version, settings, group_id) SELECT 2, settings, 'of nobody' FROM state_version`,
    );
    await query('UPDATE active_version SET version = 2');
    try {
      await expect(runBackfill({ patienceMs: 0 })).rejects.toMatchObject({ code: 'backfill_no_candidates' });
    } finally {
      await query(`UPDATE active_version SET version = 1`);
    }
  });
});
