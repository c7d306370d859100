import fc from 'fast-check';
import { expect, it } from 'vitest';
import { typeNumber } from '../../../../pipeline/domain/interaction-type.ts';
import { ruleSchema } from '../../../../pipeline/domain/rule.ts';
import type { Constraints } from '../../../../serving/recommend/constraints.ts';
import {
  askedAt,
  candidates,
  createServingHarness,
  list,
  profile,
  query,
  recent,
} from '../../../support/serving-harness.ts';

const itemCount = 30;
const itemsOf = (maxLength: number) => fc.uniqueArray(fc.integer({ min: 1, max: itemCount }), { maxLength });
const someItems = itemsOf(4);
const manyItems = itemsOf(itemCount);
/** Mostly the first, so that not everything is forbidden. */
const seldom = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const tag = fc.constantFrom('brand:a', 'brand:b', 'category:x', 'category:y', 'color:red');
const tags = fc.uniqueArray(tag, { maxLength: 4 });
const price = fc.option(fc.record({ price: fc.integer({ min: 1, max: 9 }), currency: fc.constantFrom('EUR', 'USD') }));

const catalogueItem = fc.record({
  tags,
  price,
  available: seldom(true, fc.boolean()),
  archivedAt: seldom<number | null>(null, fc.constantFrom(askedAt - 1, askedAt, askedAt + 1)),
  parentId: seldom<string | null>(null, fc.constantFrom('p1', 'i1')),
  publishedAt: seldom<number | null>(null, fc.constantFrom(askedAt - 1_000, askedAt + 1_000)),
});
const event = fc.record({
  item: fc.integer({ min: 1, max: itemCount }),
  type: fc.constantFrom('click', 'add', 'purchase', 'dismiss').map((type) => typeNumber(type)),
  occurredAt: fc.integer({ min: askedAt - 60_000, max: askedAt }),
});
const constraints: fc.Arbitrary<Constraints> = fc.record({
  anyOf: seldom<string[][]>([], fc.array(fc.uniqueArray(tag, { minLength: 1, maxLength: 3 }), { maxLength: 2 })),
  allOf: seldom<string[]>([], fc.uniqueArray(tag, { maxLength: 2 })),
  noneOf: seldom<string[]>([], fc.uniqueArray(tag, { maxLength: 2 })),
  price: seldom<Constraints['price']>(
    undefined,
    fc.record({
      min: fc.integer({ max: 6, min: 0 }),
      max: fc.integer({ max: 9, min: 3 }),
      currency: fc.constant('EUR'),
    }),
  ),
  perBrand: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
  perCategory: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
});
const surface = fc.record({
  exclude_current: fc.boolean(),
  exclude_seen: fc.boolean(),
  exclude_bought: fc.boolean(),
  exclude_in_cart: fc.boolean(),
  diversity: seldom(0, fc.constantFrom(0.3, 1)),
  fresh: seldom<{ slots: number; window_days: number } | null>(null, fc.constant({ slots: 2, window_days: 7 })),
  blend: seldom<Record<string, number> | null>(
    null,
    fc.constant({ personal: 1, affinity: 0.5, popular: 0.5, history: 1 }),
  ),
});
const target = fc.oneof(
  fc.record({ items: fc.uniqueArray(fc.integer({ min: 1, max: itemCount }), { minLength: 1, maxLength: 5 }) }),
  fc.record({ tags: fc.uniqueArray(tag, { minLength: 1, maxLength: 2 }) }),
);
const where = fc.constantFrom(undefined, ['home'], ['cart']);
const idsOf = (numbers: readonly number[] | undefined) => numbers?.map((number) => `i${number}`);
const targeted = (action: 'block' | 'whitelist' | 'boost') =>
  fc.tuple(target, where).map(([about, surfaces]) => ({
    ...{ action, ...(surfaces ? { surfaces } : {}), ...(action === 'boost' ? { factor: 3 } : {}) },
    ...('items' in about ? { items: idsOf(about.items) } : about),
  }));
const pin = fc
  .record({ item: fc.integer({ min: 1, max: itemCount }), position: fc.integer({ min: 1, max: 14 }) })
  .map(({ item, position }) => ({ action: 'pin', item: `i${item}`, position }));
const rules = fc
  .tuple(
    seldom<object[]>([], fc.array(targeted('block'), { maxLength: 2 })),
    seldom<object[]>([], fc.array(targeted('whitelist'), { maxLength: 2 })),
    fc.array(targeted('boost'), { maxLength: 2 }),
    fc.array(pin, { maxLength: 4 }),
  )
  .map((all) => all.flat().map((body, at) => ({ ...ruleSchema.parse(body), id: `r${at}`, revision: 1 })));
const sets = fc.record({ bought: someItems, dismissed: someItems, inCart: someItems });

const scenario = fc.record({
  catalogue: fc.array(catalogueItem, { minLength: itemCount, maxLength: itemCount }),
  has: fc.record({ list: fc.boolean(), profile: fc.boolean(), context: fc.boolean(), popular: fc.boolean() }),
  lists: fc.record({ personal: manyItems, neighbours: manyItems, popular: manyItems, local: manyItems }),
  sets,
  events: fc.array(event, { maxLength: 6 }),
  session: fc.array(event, { maxLength: 4 }),
  excluded: someItems,
  constraints,
  rules,
  surface,
  redisGoesAway: fc.boolean(),
});

it('no rung, page, pin or slot shows what catalogue, user, surface, rules or request forbid, whatever is away', async () => {
  let shown = 0;
  let paged = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ catalogue, has, lists, sets: owned, events, session, ...rest }) => {
      const serving = createServingHarness();
      for (const [at, item] of catalogue.entries()) {
        const { price: value, ...attributes } = item;
        serving.setItem(at + 1, {
          ...attributes,
          ...(value ? { price: String(value.price), currency: value.currency } : {}),
        });
      }
      serving.setSurface('home', rest.surface as Parameters<typeof serving.setSurface>[1]);
      serving.setRules(...rest.rules);
      serving.setUser({
        ...(has.list ? { list: list(candidates(lists.personal)) } : {}),
        ...(has.profile ? { profile: profile(session, owned) } : {}),
        recent: recent(...events),
      });
      for (let item = 1; item <= itemCount; item += 1) serving.setSimilar(item, list(candidates(lists.neighbours)));
      if (has.popular) serving.setPopular('|', lists.popular);
      serving.setPopular('home|de', lists.local);
      const asked = query({
        limit: 10,
        constraints: rest.constraints,
        excludeItems: rest.excluded.map((item) => `i${item}`),
        contextItems: has.context ? ['i1', 'i2'] : [],
      });
      if (rest.redisGoesAway) {
        await serving.recommend(query({ limit: 10 })); // is remembered
        serving.redis.away = true;
      }
      const slate = await serving.recommend(asked);
      const cursor = slate && serving.cursors.next(slate);
      const page = cursor === undefined ? undefined : serving.cursors.open(cursor, asked, askedAt);
      if (typeof page === 'string') throw new Error(page);
      const second = page && (await serving.recommend({ ...asked, page }));
      const pages = [slate, second].map((one) => one?.items.map(({ item }) => item) ?? []);
      const items = pages.flat();
      shown += items.length;
      paged += pages[1]?.length ?? 0;
      expect(new Set(items).size).toBe(items.length);

      const known = has.profile ? { ...owned, session } : { bought: [], dismissed: [], inCart: [], session: [] };
      const done = (type: 'purchase' | 'dismiss') => events.filter((one) => one.type === typeNumber(type));
      const bought = new Set([...known.bought, ...done('purchase').map(({ item }) => item)]);
      const dismissed = new Set([...known.dismissed, ...done('dismiss').map(({ item }) => item)]);
      const seen = new Set([...known.session, ...events].map(({ item }) => item));
      const { anyOf, allOf, noneOf, price: range, perBrand, perCategory } = rest.constraints;
      const here = rest.rules.filter((rule) => rule.surfaces === undefined || rule.surfaces.includes('home'));
      const names = (rule: (typeof here)[number], item: number, its: readonly string[]) =>
        rule.action !== 'pin' && (rule.items?.includes(`i${item}`) || rule.tags?.some((one) => its.includes(one)));
      const whitelists = here.filter(({ action }) => action === 'whitelist');
      for (const item of items) {
        const { tags: its, price: value, available, archivedAt } = catalogue[item - 1] as (typeof catalogue)[number];
        expect(available && (archivedAt === null || archivedAt > askedAt)).toBe(true);
        expect(here.some((rule) => rule.action === 'block' && names(rule, item, its))).toBe(false);
        expect(whitelists.length === 0 || whitelists.some((rule) => names(rule, item, its))).toBe(true);
        expect(rest.excluded).not.toContain(item);
        expect(dismissed.has(item)).toBe(false);
        expect(rest.surface.exclude_bought && bought.has(item)).toBe(false);
        expect(rest.surface.exclude_in_cart && known.inCart.includes(item) && !bought.has(item)).toBe(false);
        expect(rest.surface.exclude_seen && seen.has(item)).toBe(false);
        expect(anyOf.every((group) => group.some((one) => its.includes(one as (typeof its)[number])))).toBe(true);
        expect(allOf.every((one) => its.includes(one as (typeof its)[number]))).toBe(true);
        expect(noneOf.some((one) => its.includes(one as (typeof its)[number]))).toBe(false);
        if (range)
          expect(value && value.currency === 'EUR' && value.price >= range.min && value.price <= range.max).toBe(true);
      }
      const families = items.map((item) => catalogue[item - 1]?.parentId ?? `i${item}`);
      expect(new Set(families).size).toBe(families.length);
      const caps = [['brand:', perBrand] as const, ['category:', perCategory] as const];
      for (const [kind, most, onPage] of pages.flatMap((ids) => caps.map(([...cap]) => [...cap, ids] as const))) {
        const counts = Map.groupBy(
          onPage.flatMap((item) => catalogue[item - 1]?.tags.filter((one) => one.startsWith(kind)) ?? []),
          (one) => one,
        );
        for (const ofOne of counts.values()) expect(ofOne.length).toBeLessThanOrEqual(most);
      }
    }),
    { numRuns: 400 },
  );
  expect(shown).toBeGreaterThan(800); // the property says something
  expect(paged).toBeGreaterThan(100);
});
