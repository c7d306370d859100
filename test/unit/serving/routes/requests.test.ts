import { beforeEach, describe, expect, it } from 'vitest';
import { ruleSchema } from '../../../../pipeline/domain/rule.ts';
import type { Answer } from '../../../../serving/recommend/answer.ts';
import {
  candidates,
  clicks,
  createServingApp,
  createServingHarness,
  list,
  profile,
  recent,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

type Replayed = Answer & { readonly replay: Readonly<Record<string, unknown>> };

let serving: ServingHarness;
let app: ReturnType<typeof createServingApp>;
beforeEach(() => {
  serving = createServingHarness();
  app = createServingApp(serving);
  serving.setPopular('|', [30, 31, 32, 33]);
});

const ask = async (requestId: string, more = '') => {
  const headers = { 'x-request-id': requestId };
  const response = await app.request(`/v1/recommendations/u1?namespace=shop&surface=home&limit=3${more}`, { headers });
  return (await response.json()) as Answer;
};
const again = async (requestId: string, more = '') =>
  (await (await app.request(`/v1/requests/${requestId}${more}`)).json()) as Replayed;
const idsOf = ({ items }: Answer) => items.map(({ item_id }) => item_id);

/** Everything that answers are made from turns out otherwise. */
function turnOver() {
  serving.redis.away = false;
  serving.setUser({ list: list(candidates([9, 8, 7])), profile: profile(clicks(1)), recent: recent(...clicks(2)) });
  serving.setPopular('|', [40, 41]);
  for (const item of [3, 5]) serving.setSimilar(item, list(candidates([44])));
  serving.setSurface('home', { exclude_seen: false, diversity: 1 });
  serving.setRules({ ...ruleSchema.parse({ action: 'pin', item: 'i50', position: 1 }), id: 'p', revision: 2 });
}

describe('GET /v1/requests/{request_id}', () => {
  const cases: [string, () => void][] = [
    ['a personal list', () => serving.setUser({ list: list(candidates([1, 2, 3, 4])), recent: recent(...clicks(1)) })],
    [
      'neighbours of what was clicked',
      () => {
        serving.setUser({ recent: recent(...clicks(5, 3)) });
        serving.setSimilar(3, list(candidates([10, 11, 12])));
      },
    ],
    ['what is popular', () => serving.dropUser()],
    [
      'rules',
      () => serving.setRules({ ...ruleSchema.parse({ action: 'pin', item: 'i7', position: 2 }), id: 'q', revision: 1 }),
    ],
  ];
  it.each(cases)('makes %s again, however much has changed since', async (_, arrange) => {
    arrange();
    const answer = await ask('r-1');
    turnOver();
    const made = await again('r-1');
    expect(made).toMatchObject({
      ...{
        request_id: 'r-1',
        items: answer.items,
        fallback_level: answer.fallback_level,
        generated_at: answer.generated_at,
      },
      replay: { user_id: 'u1', namespace: 'shop', is_same: true, catalog_changed: false },
    });
    expect(made.explain?.removed).toBeDefined();
    expect(idsOf(await ask('r-2'))[0]).toBe('i50');
  });

  it('makes an answer again that came from memory while Redis was away', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3])), profile: profile(clicks(2)) });
    await ask('r-0');
    serving.redis.away = true;
    const answer = await ask('r-1');
    turnOver();
    expect(await again('r-1')).toMatchObject({ items: answer.items, replay: { is_same: true } });
  });

  it('makes a later page again, by the items before it', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3, 4, 5, 6, 7])) });
    const first = await ask('r-1');
    const second = await ask('r-9', `&cursor=${first.next_cursor}`);
    turnOver();
    expect(await again('r-1', '?offset=3')).toMatchObject({ items: second.items, replay: { is_same: true } });
  });

  it('says where the catalogue has changed, and what that does', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3, 4])) });
    await ask('r-1');
    serving.setItem(2, { available: false });
    const made = await again('r-1');
    expect(made.replay).toMatchObject({ is_same: false, catalog_changed: true });
    expect(idsOf(made)).toEqual(['i1', 'i3', 'i4']);
  });

  it('asks Redis nothing, and is not counted or remembered', async () => {
    serving.setUser({ list: list(candidates([1, 2, 3])) });
    await ask('r-1');
    const waits = serving.redis.waits;
    await again('r-1');
    expect(serving.redis.waits).toBe(waits);
    expect(await serving.counted('servingFallbacks')).toEqual({ personal: 1 });
  });

  it('is a 404 for what was never asked here or is older than what is kept', async () => {
    for (let at = 0; at <= 200; at += 1) await ask(`r-${at}`);
    for (const id of ['never', 'r-0']) {
      const response = await app.request(`/v1/requests/${id}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'request_not_retained', limit: 100 });
    }
    for (const id of ['r-101', 'r-200']) expect((await app.request(`/v1/requests/${id}`)).status).toBe(200);
  });
});
