import { expect, it } from 'vitest';
import { ruleSchema } from '../../../../pipeline/domain/rule.ts';
import { candidates, createServingHarness, list } from '../../../support/serving-harness.ts';

const ask = { namespace: 'shop', itemId: 'i10', limit: 3 };

it('answers neighbours best first, without the item itself and without what must not be shown', async () => {
  const serving = createServingHarness();
  serving.setSimilar(10, list(candidates([10, 20, 21, 22, 23, 24])));
  serving.setItem(20, { available: false });
  serving.setItem(21, { archivedAt: 1 });
  const found = await serving.findSimilar(ask);
  expect(found).toMatchObject({ items: [{ item_id: 'i22', position: 1 }, { item_id: 'i23' }, { item_id: 'i24' }] });
  expect(found).toMatchObject({ items: [{ reasons: [{ because: 'i10' }] }, {}, {}] });
  expect(serving.redis.waits).toBe(1);
});

it('follows the active version with a second wait', async () => {
  const serving = createServingHarness();
  serving.setSimilar(10, list(candidates([20])), 2);
  serving.redis.active = 2;
  expect(await serving.findSimilar(ask)).toMatchObject({ items: [{ item_id: 'i20' }], stateVersion: 2 });
  expect(serving.redis.waits).toBe(2);
});

it('tells an item without neighbours from an unknown one and from a Redis that is away', async () => {
  const serving = createServingHarness();
  expect(await serving.findSimilar(ask)).toMatchObject({ items: [] });
  expect(await serving.findSimilar({ ...ask, itemId: 'gone' })).toBe('unknown_item');
  serving.redis.away = true;
  expect(await serving.findSimilar(ask)).toBeUndefined();
});

it('leaves out what rules for every surface block or do not list', async () => {
  const serving = createServingHarness();
  serving.setSimilar(10, list(candidates([20, 21, 22, 23])));
  const rule = (id: string, body: object) => ({ ...ruleSchema.parse(body), id, revision: 1 });
  serving.setRules(
    rule('a', { action: 'block', items: ['i20'] }),
    rule('b', { action: 'block', items: ['i21'], surfaces: ['home'] }),
    rule('c', { action: 'whitelist', items: ['i20', 'i21', 'i22'] }),
  );
  expect(await serving.findSimilar(ask)).toMatchObject({ items: [{ item_id: 'i21' }, { item_id: 'i22' }] });
});
