import { beforeEach, describe, expect, it } from 'vitest';
import { ruleSchema } from '../../../../pipeline/domain/rule.ts';
import type { Answer } from '../../../../serving/recommend/answer.ts';
import {
  candidates,
  createServingApp,
  createServingHarness,
  list,
  type ServingHarness,
} from '../../../support/serving-harness.ts';

let serving: ServingHarness;
let app: ReturnType<typeof createServingApp>;
beforeEach(() => {
  serving = createServingHarness();
  app = createServingApp(serving);
  serving.setUser({ list: list(candidates([1, 2, 3, 4])) });
  const body = { action: 'block', items: ['i2'], starts_at: '2026-01-01T02:00:00+02:00' };
  serving.setRules({ ...ruleSchema.parse(body), id: 'no-2', revision: 4 });
});

const request = { user_id: 'u1', namespace: 'shop', surface: 'home', limit: 3 };
const preview = (body: unknown, path = '/v1/rules:preview') =>
  app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const idsOf = async (response: Response | Promise<Response>) =>
  ((await (await response).json()) as Answer).items.map(({ item_id }) => item_id);
const problemOf = async (response: Response) => (await response.json()) as { code: string; path: string };

describe('POST /v1/rules:preview', () => {
  it('answers a list under other rules, explained, and changes nothing for anybody', async () => {
    const rules = [{ id: 'top', action: 'pin', item: 'i4', position: 1 }];
    const response = await preview({ request, rules, without: ['no-2'] });
    expect(response.status).toBe(200);
    const answer = (await response.json()) as Answer;
    expect(answer.items.map(({ item_id }) => item_id)).toEqual(['i4', 'i1', 'i2']);
    expect(answer.explain?.rules.in_force).toEqual(['top']);
    expect(answer.next_cursor).toBeNull();
    expect(await idsOf(app.request('/v1/recommendations/u1?namespace=shop&surface=home&limit=3'))).toEqual([
      'i1',
      'i3',
      'i4',
    ]);
    expect(await serving.counted('servingFallbacks')).toEqual({ personal: 1 });
    expect(await idsOf(preview({ request }, '/v1/rules/preview'))).toEqual(['i1', 'i3', 'i4']);
  });

  it.each([
    [{ rules: [] }, 'required', '$.request.user_id'],
    [{ request: { ...request, limit: 0 } }, 'out_of_range', '$.request.limit'],
    [{ request, rules: [{ action: 'block', items: ['i1'] }] }, 'wrong_type', '$.rules[0].id'],
    [{ request, rules: [{ id: 'a', action: 'pin', item: 'i1', position: 0 }] }, 'invalid_rule', '$.rules[0].position'],
    [{ request, rules: [{ id: 'a', action: 'block', items: ['i1'], colour: 1 }] }, 'unknown_field', '$.rules[0]'],
    [{ request, rules: ['a'] }, 'wrong_type', '$.rules[0]'],
    [{ request, with: [] }, 'unknown_field', '$.with'],
    [{ request: { ...request, cursor: 'c' } }, 'not_allowed', '$.request.cursor'],
    [{ request: { ...request, log_impression: true } }, 'not_allowed', '$.request.log_impression'],
  ])('refuses %j with the place of the fault', async (body, code, path) => {
    const response = await preview(body);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code, path });
  });
});

describe('GET /v1/rules', () => {
  it('shows the rules that are followed as they were written', async () => {
    const response = await app.request('/v1/rules?namespace=shop');
    expect(await response.json()).toEqual({
      namespace: 'shop',
      rules: [
        {
          ...{ id: 'no-2', revision: 4, action: 'block', items: ['i2'], enabled: true, priority: 0 },
          starts_at: '2026-01-01T00:00:00.000Z',
        },
      ],
    });
  });
});
