import { beforeEach, describe, expect, it } from 'vitest';
import type { ServedSlate } from '../../../../serving/impressions.ts';
import { createServingApp, createServingHarness } from '../../../support/serving-harness.ts';

let logged: ServedSlate[];
let app: ReturnType<typeof createServingApp>;
const serving = createServingHarness();
const loaded = () => true;

beforeEach(() => {
  logged = [];
  app = createServingApp(serving, loaded, undefined, { log: (slate) => void logged.push(slate) });
  serving.setPopular('|', [30, 31, 32]);
});

const post = (body: object) =>
  app.request('/v1/recommendations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('log_impression', () => {
  it('logs the list that was answered, with its positions, sources and ids', async () => {
    const response = await app.request(
      '/v1/recommendations/u1?namespace=shop&surface=home&limit=2&log_impression=true',
      { headers: { 'x-request-id': 'r-7' } },
    );
    const answer = (await response.json()) as { items: { item_id: string }[] };
    expect(answer.items.map(({ item_id }) => item_id)).toEqual(['i30', 'i31']);
    expect(logged).toMatchObject([
      {
        requestId: 'r-7',
        namespace: 'shop',
        userId: 'u1',
        surface: 'home',
        stateVersion: 1,
        items: [
          { item_id: 'i30', position: 1, sources: ['popular'] },
          { item_id: 'i31', position: 2, sources: ['popular'] },
        ],
      },
    ]);
  });

  it('is a member of the body of a POST, and logs each page of a list under the request id of the first', async () => {
    const ask = { user_id: 'u1', namespace: 'shop', limit: 2, log_impression: true };
    const first = (await (await post(ask)).json()) as { request_id: string; next_cursor: string };
    await post({ ...ask, cursor: first.next_cursor });
    expect(logged.map(({ requestId }) => requestId)).toEqual([first.request_id, first.request_id]);
    expect(logged.map(({ items }) => items.map(({ position }) => position))).toEqual([[1, 2], [3]]);
  });

  it('logs nothing that is not asked for, and nothing that was refused', async () => {
    await app.request('/v1/recommendations/u1?namespace=shop');
    await app.request('/v1/recommendations/u1?namespace=shop&log_impression=false');
    const response = await app.request('/v1/recommendations/u1?namespace=shop&log_impression=yes');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'wrong_type', path: 'query.log_impression' });
    expect((await post({ user_id: 'u1', log_impression: 'true' })).status).toBe(400);
    expect(logged).toEqual([]);
  });

  it('is refused by a process that takes no events, rather than dropped', async () => {
    app = createServingApp(serving);
    for (const response of [
      await app.request('/v1/recommendations/u1?namespace=shop&log_impression=true'),
      await post({ user_id: 'u1', namespace: 'shop', log_impression: true }),
    ]) {
      expect(response.status).toBe(400);
      const { code, detail } = (await response.json()) as Record<string, string>;
      expect(code).toBe('impressions_not_available');
      expect(detail).toContain('/v1/impressions');
    }
  });
});
