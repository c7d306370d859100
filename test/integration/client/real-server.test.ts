import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createFreshetClient } from '../../../serving/client/create-client.ts';
import type { Rejected } from '../../../serving/client/options.ts';
import { eventually } from '../../support/eventually.ts';
import { startWholeProcess, type WholeProcess } from '../../support/whole-process.ts';

let whole: WholeProcess;
const items = Array.from({ length: 12 }, (_, index) => `sku/${index}`);

const open = (options: Partial<Parameters<typeof createFreshetClient>[0]> = {}) =>
  createFreshetClient({ baseUrl: whole.process.url, namespace: 'shop', ...options });

beforeAll(async () => {
  whole = await startWholeProcess({ name: 'client' });
  const { shopper } = whole;
  const tags = ['category:shoes'];
  await shopper.post('/v1/items:upsert', { items: items.map((item_id) => ({ namespace: 'shop', item_id, tags })) });
  const client = open();
  for (const item_id of items) client.track({ user_id: 'somebody', item_id, type: 'click' });
  await client.close();
  const stranger = open({ attempts: 1 });
  await eventually(
    async () => expect((await stranger.recommendations('stranger', { limit: 100 })).items).toHaveLength(items.length),
    { withinMs: 60_000 },
  );
}, 180_000);
afterAll(() => whole?.close());

it('answers lists, page by page, no item twice', async () => {
  const client = open();
  const seen: string[] = [];
  const ids = new Set<string>();
  for await (const page of client.pages('stranger', { limit: 5 })) {
    ids.add(page.request_id);
    seen.push(...page.items.map(({ item_id }) => item_id));
  }
  expect(seen.toSorted()).toEqual(items.toSorted());
  expect(ids.size).toBe(1);
});

it('answers lists under constraints, and similar items', async () => {
  const client = open();
  const none = await client.recommend({ user_id: 'stranger', constraints: { categories: ['hats'] } });
  expect(none.items).toEqual([]);
  const shoes = await client.recommend({ user_id: 'stranger', limit: 3, constraints: { categories: ['shoes'] } });
  expect(shoes.items).toHaveLength(3);
  expect(await client.similar('sku/1')).toMatchObject({ item_id: 'sku/1' });
  await expect(client.similar('unknown')).rejects.toMatchObject({ code: 'unknown_item', status: 404 });
  const refused = client.recommendations('stranger', { limit: 101 });
  await expect(refused).rejects.toMatchObject({ code: 'out_of_range', status: 400, requestId: expect.any(String) });
});

it('tells what happened, and the list reflects it', async () => {
  const rejected: Rejected[] = [];
  const client = open({ onRejected: (one) => void rejected.push(one) });
  const list = await client.recommendations('anna', { surface: 'home', limit: 3 });
  client.trackImpression({ user_id: 'anna', surface: 'home', list });
  const clicked = client.track({ user_id: 'anna', item_id: list.items[0]?.item_id ?? '', type: 'click' });
  client.track({ user_id: 'anna', item_id: 'sku/1', type: 'rating', value: 6 });
  await client.flush();
  expect(rejected.map(({ error }) => error.code)).toEqual(['out_of_range']);
  await eventually(async () => {
    const { reflects } = await client.recommendations('anna', { surface: 'home' });
    expect(reflects?.event_id).toBe(clicked);
  });
});

it('counts an event once whose answer was lost', async () => {
  let isLost = true;
  const client = open({
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (!isLost) return response;
      isLost = false;
      await response.text();
      throw new TypeError('the connection broke');
    },
  });
  const id = client.track({ user_id: 'ben', item_id: 'sku/1', type: 'like' });
  await client.flush();
  expect([isLost, client.pending]).toEqual([false, 0]);
  const database = openDatabase({ url: whole.workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  try {
    const text = 'SELECT count(*)::int AS count FROM freshet.outbox WHERE event_id = $1 AND topic = $2';
    const values = [id, 'engagement.interaction.recorded.v1'];
    expect(await database.query({ name: 'test-count', text, values })).toEqual([{ count: 1 }]);
  } finally {
    await database.close();
  }
});

it('takes what a device tells whose clock is a day ahead, as of when it happened', async () => {
  const rejected: Rejected[] = [];
  const aheadMs = 86_400_000;
  const environment = { now: () => Date.now() + aheadMs };
  const client = open({ environment, onRejected: (one) => void rejected.push(one) });
  const before = Date.now();
  const clicked = client.track({ user_id: 'carl', item_id: 'sku/2', type: 'click' });
  await client.flush();
  expect([rejected, client.pending]).toEqual([[], 0]);
  await eventually(async () => {
    const { reflects } = await client.recommendations('carl');
    expect(reflects?.event_id).toBe(clicked);
    expect(reflects?.occurred_at).toBeGreaterThan(before - 5_000);
    expect(reflects?.occurred_at).toBeLessThanOrEqual(Date.now() + 1_000);
  });
});
