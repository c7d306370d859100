import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../serving/recommend/answer.ts';
import { eventually } from '../support/eventually.ts';
import type { Shopper } from '../support/shopper.ts';
import { startWholeProcess, type WholeProcess } from '../support/whole-process.ts';

const namespace = 'shop';
const items = ['a', 'b', 'c', 'd', 'e'];
let whole: WholeProcess;
let shopper: Shopper;

const query = <R extends object>(text: string, values: unknown[] = []) =>
  whole.process.pipeline.resources.database.query<R>({ text, values });
const logged = async (path: string, body?: unknown): Promise<Answer> => {
  const response = await shopper.call(path, body);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Answer;
};

beforeAll(async () => {
  whole = await startWholeProcess({ name: 'e2e-impressions' });
  shopper = whole.shopper;
  await shopper.post('/v1/items:upsert', { items: items.map((item_id) => ({ namespace, item_id, revision: 1 })) });
  for (const item_id of items) await shopper.tell({ user_id: 'u1', session_id: 's', item_id });
  await eventually(async () => expect((await shopper.list('nobody')).items).toHaveLength(items.length));
});
afterAll(() => whole?.close());

describe('a list that is logged', () => {
  it('is an impression in state, and what follows it shows in analytics', async () => {
    const ask = `/v1/recommendations/anna?namespace=${namespace}&surface=home&limit=4&log_impression=true`;
    const list = await logged(ask);
    const first = list.items[0]?.item_id;
    const event = { user_id: 'anna', item_id: first, request_id: list.request_id };
    await shopper.tell({ ...event, type: 'click' });
    await shopper.tell({ ...event, type: 'watch', value: 12.5 });
    await shopper.tell({ ...event, type: 'watch', watch: { duration_ms: 60_000, completion: 0.5 } });
    const other = { user_id: 'ben', namespace, surface: 'cart', limit: 2, context_items: ['a'], log_impression: true };
    await logged('/v1/recommendations', other);
    await eventually(async () => {
      const [rows] = await query<{ shown: bigint; acted: bigint }>(
        `SELECT count(*) FILTER (WHERE kind = 'shown') AS shown, count(*) FILTER (WHERE user_id = 'anna' AND kind = 'acted') AS acted
           FROM exposure`,
      );
      expect(rows).toEqual({ shown: 6n, acted: 3n });
    });
    const rows = await query(
      `SELECT item_id, position, sources, surface, request_id, variant FROM exposure
        WHERE user_id = 'anna' AND kind = 'shown' ORDER BY position`,
    );
    expect(rows).toEqual(
      list.items.map(({ item_id, position, sources }) => ({
        ...{ item_id, position, sources },
        ...{ surface: 'home', request_id: list.request_id, variant: null },
      })),
    );
    const response = await shopper.call(`/analytics/baseline?days=1&namespace=${namespace}`);
    const baseline = (await response.json()) as Record<string, unknown>;
    expect(baseline).toMatchObject({
      state_version: 1,
      ctr_at_20_pct: 16.67,
      avg_watch_time_sec: 21.25,
      samples: { impressions: 6, matched_impressions: 1, matched_acts: 3, watches: 2, catalog_items: 5 },
    });
    expect(baseline.by_surface).toMatchObject([
      { surface: 'home', impressions: 4, matched_impressions: 1, ctr_pct: 25 },
      { surface: 'cart', impressions: 2, matched_impressions: 0, ctr_pct: 0 },
    ]);
    expect(baseline.catalog_coverage_at_20_pct).toBeGreaterThan(0);
  });

  it('counts once however often the request comes under its id', async () => {
    const path = `/v1/recommendations/carl?namespace=${namespace}&log_impression=true`;
    for (let time = 0; time < 3; time += 1) await shopper.call(path, undefined, { 'x-request-id': 'the-same' });
    await eventually(async () => {
      const { values } = await whole.process.metrics.servingImpressions.get();
      const counts = Object.fromEntries(values.map(({ labels, value }) => [labels.result, value]));
      expect(counts).toMatchObject({ accepted: 3, duplicate: 2 });
    });
  });
});
