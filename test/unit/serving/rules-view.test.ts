import { beforeEach, describe, expect, it } from 'vitest';
import type { StatedRule } from '../../../pipeline/domain/rule.ts';
import { ruleSchema } from '../../../pipeline/domain/rule.ts';
import { createCatalogView } from '../../../serving/catalog-view.ts';
import { createRulesView } from '../../../serving/rules-view.ts';

const noon = Date.UTC(2026, 0, 31, 12);
const catalog = createCatalogView();
const plain = { available: true, archivedAt: null, price: null, currency: null, parentId: null, publishedAt: null };
const setItem = (number: number, ...tags: string[]) =>
  catalog.set('shop', number, { ...plain, itemId: `i${number}`, tags });
for (let number = 1; number <= 9; number += 1) setItem(number, number % 2 ? 'color:red' : 'color:blue');

const rule = (id: string, body: object): StatedRule => ({ ...ruleSchema.parse(body), id, revision: 1 });
let view: ReturnType<typeof createRulesView>;
beforeEach(() => {
  view = createRulesView();
});
const at = (now = noon, surface = 'home') => view.active('shop', { surface, now, items: catalog.items('shop') });

describe('rules in force', () => {
  it('are those of the surface or of every surface, that are enabled', () => {
    view.set('shop', [
      rule('a', { action: 'block', items: ['i1'], surfaces: ['home', 'cart'] }),
      rule('b', { action: 'block', items: ['i2'] }),
      rule('c', { action: 'block', items: ['i3'], enabled: false }),
    ]);
    expect(at(noon, 'home').ids).toEqual(['a', 'b']);
    expect(at(noon, 'pdp').ids).toEqual(['b']);
    expect(at(noon, 'pdp').blockedBy(1)).toBeUndefined();
    expect(view.active('other', { surface: 'home', now: noon, items: catalog.items('other') }).ids).toEqual([]);
  });

  it('begin and end at their instants, though nothing is written then', () => {
    view.set('shop', [
      rule('r', {
        ...{ action: 'block', items: ['i1'] },
        ...{ starts_at: '2026-01-31T12:00:00Z', ends_at: '2026-01-31T13:00:00+00:00' },
      }),
    ]);
    const blocked = (now: number) => at(now).blockedBy(1);
    expect([noon - 1, noon, noon + 3_599_999, noon + 3_600_000].map(blocked)).toEqual([undefined, 'r', 'r', undefined]);
  });

  it('are compiled once as long as nothing changes, and again within a second for items new to the catalogue', () => {
    view.set('shop', [rule('r', { action: 'block', items: ['late'], tags: ['genre:new'] })]);
    const first = at();
    expect(at(noon + 1)).toBe(first);
    catalog.set('shop', 10, { ...plain, itemId: 'late', tags: [] });
    setItem(11, 'genre:new');
    expect([10, 11].map((item) => at(noon + 1_000).blockedBy(item))).toEqual(['r', 'r']);
    setItem(12, 'genre:other');
    expect(at(noon + 9_000)).toBe(at(noon + 1_000));
  });

  it('multiply where several boosts name an item, within bounds that scores can hold', () => {
    view.set(
      'shop',
      Array.from({ length: 40 }, (_, i) => rule(`b${i}`, { action: 'boost', factor: 100, items: ['i1'] })),
    );
    expect(at().factorOf(1)).toBe(1e6);
    view.set('shop', [
      rule('x', { action: 'boost', factor: 2, items: ['i1'] }),
      rule('y', { action: 'boost', factor: 0.25, tags: ['Color: Red'] }),
    ]);
    expect([1, 2, 3].map((item) => at().factorOf(item))).toEqual([0.5, 1, 0.25]);
    expect(at().boostsOf(1).toSorted()).toEqual(['x', 'y']);
  });

  it('leave a position to the pin of greater priority, and pin an item once', () => {
    view.set('shop', [
      rule('a', { action: 'pin', item: 'i1', position: 3 }),
      rule('b', { action: 'pin', item: 'i2', position: 3, priority: 5 }),
      rule('c', { action: 'pin', item: 'i2', position: 1 }),
      rule('d', { action: 'pin', item: 'unknown', position: 2, priority: 9 }),
      rule('e', { action: 'pin', item: 'i4', position: 2 }),
    ]);
    expect(at().pins).toEqual([
      { position: 2, item: 4, rule: 'e' },
      { position: 3, item: 2, rule: 'b' },
    ]);
  });

  it('list everything where no whitelist applies, and what any of them names where some do', () => {
    expect(at().isListed(1)).toBe(true);
    view.set('shop', [
      rule('a', { action: 'whitelist', items: ['i2'] }),
      rule('b', { action: 'whitelist', tags: ['color:red'] }),
    ]);
    expect([1, 2, 4].map((item) => at().isListed(item))).toEqual([true, true, false]);
  });

  it('are replaced by id in a trial, which leaves them as they are', () => {
    view.set('shop', [rule('a', { action: 'block', items: ['i1'] }), rule('b', { action: 'block', items: ['i2'] })]);
    const trial = { rules: [rule('a', { action: 'block', items: ['i3'] })], without: new Set(['b']) };
    const tried = view.trial('shop', { surface: 'home', now: noon, items: catalog.items('shop') }, trial);
    expect([1, 2, 3].map((item) => tried.blockedBy(item))).toEqual([undefined, undefined, 'a']);
    expect([1, 2, 3].map((item) => at().blockedBy(item))).toEqual(['a', 'b', undefined]);
  });
});
