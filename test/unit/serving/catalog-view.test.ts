import { expect, it } from 'vitest';
import { createCatalogView } from '../../../serving/catalog-view.ts';

const item = (itemId: string, over = {}) => ({
  ...{
    itemId,
    available: true,
    archivedAt: null,
    price: null,
    currency: null,
    tags: [],
    parentId: null,
    publishedAt: null,
  },
  ...over,
});

it('knows items by number and by id, per namespace', () => {
  const view = createCatalogView();
  view.set('a', 1, item('shoe'));
  view.set('b', 1, item('hat', { available: false, archivedAt: 9 }));
  expect(view.items('a').idOf(1)).toBe('shoe');
  expect(view.items('b').numberOf('hat')).toBe(1);
  expect(view.items('b').isAvailable(1)).toBe(false);
  expect(view.items('b').archivedAt(1)).toBe(9);
  expect(view.items('a').archivedAt(1)).toBe(Number.POSITIVE_INFINITY);
  expect(view.items('c').idOf(1)).toBeUndefined();
  expect(view.count()).toBe(2);
});

it('keeps what it knows while its arrays grow', () => {
  const view = createCatalogView();
  view.set('a', 3, item('early', { archivedAt: 5 }));
  view.set('a', 100_000, item('late'));
  const items = view.items('a');
  expect([items.idOf(3), items.isAvailable(3), items.archivedAt(3)]).toEqual(['early', true, 5]);
  expect([items.idOf(100_000), items.isAvailable(100_000)]).toEqual(['late', true]);
  expect([items.idOf(4), items.isAvailable(4), items.isAvailable(4_000_000_000)]).toEqual([undefined, false, false]);
});

it('knows prices and tags, as the item was set last', () => {
  const view = createCatalogView();
  view.set('a', 1, item('shoe', { price: '19.90', currency: 'EUR', tags: ['brand:acme', 'color:red'] }));
  view.set('a', 1, item('shoe', { price: '9.90', currency: 'EUR', tags: ['brand:acme'] }));
  const items = view.items('a');
  expect([items.priceOf(1), items.currencyOf(1), items.priceOf(2), items.currencyOf(2)]).toEqual([
    ...[9.9, 'EUR', Number.NaN, undefined],
  ]);
  expect(items.tagsOf(1).map((tag) => items.tagText(tag))).toEqual(['brand:acme']);
  expect([items.tagNumber('color:blue'), items.tagsOf(2)]).toEqual([undefined, []]);
});

it('forgets the former id of a number', () => {
  const view = createCatalogView();
  view.set('a', 1, item('old'));
  view.set('a', 1, item('new'));
  expect(view.items('a').numberOf('old')).toBeUndefined();
  expect(view.items('a').numberOf('new')).toBe(1);
  expect(view.count()).toBe(1);
});
