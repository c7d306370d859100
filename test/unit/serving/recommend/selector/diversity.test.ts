import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCatalogView } from '../../../../../serving/catalog-view.ts';
import { createDiversity } from '../../../../../serving/recommend/selector/diversity.ts';

const scenario = fc.record({
  tags: fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')), { minLength: 1, maxLength: 12 }),
  scores: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 12, maxLength: 12 }),
  before: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 2 }),
  weight: fc.constantFrom(0, 0.25, 0.5, 1),
  most: fc.integer({ min: 0, max: 12 }),
  refused: fc.integer({ min: -1, max: 11 }),
});

it('chooses what the definition of maximal marginal relevance says, step by step', () => {
  fc.assert(
    fc.property(scenario, ({ tags, scores, before, weight, most, refused }) => {
      const items = createCatalogView();
      const base = {
        available: true,
        archivedAt: null,
        price: null,
        currency: null,
        parentId: null,
        publishedAt: null,
      };
      for (const [at, own] of tags.entries()) items.set('n', at + 1, { ...base, itemId: `i${at}`, tags: own });
      const sorted = scores.slice(0, tags.length).sort((a, b) => b - a);
      const candidates = sorted.map((score, at) => ({ item: at + 1, score, sources: 1, because: 0 }));
      const noted = before.filter((at) => at < tags.length).map((at) => at + 1);

      const jaccard = (a: number, b: number) => {
        const [x = [], y = []] = [tags[a - 1], tags[b - 1]];
        const common = x.filter((tag) => y.includes(tag)).length;
        return common === 0 ? 0 : Math.fround(common / new Set([...x, ...y]).size);
      };
      const expected: number[] = [];
      const open = new Set(candidates.map(({ item }) => item));
      while (expected.length < most && open.size > 0) {
        const value = (item: number) => {
          const top = sorted[0] ?? 0;
          const relevance = top > 0 ? ((1 - weight) * (sorted[item - 1] as number)) / top : 0;
          const others = [...noted, ...expected].map((other) => jaccard(item, other));
          return relevance - weight * Math.max(0, ...others);
        };
        const next = [...open].reduce((best, item) => (value(item) > value(best) ? item : best));
        open.delete(next);
        if (next !== refused) expected.push(next);
      }

      const chosen: number[] = [];
      const diversity = createDiversity(items.items('n'), weight);
      for (const item of noted) diversity.note(item);
      const accepts = ({ item }: { item: number }) => item !== refused && chosen.push(item) > 0;
      const left = diversity.choose(candidates, { accepts, most });
      expect(chosen).toEqual(expected);
      expect(left.map(({ item }) => item)).toEqual(
        candidates.map(({ item }) => item).filter((item) => !expected.includes(item)),
      );
    }),
    { numRuns: 500 },
  );
});
