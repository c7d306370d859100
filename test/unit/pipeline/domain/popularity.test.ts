import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interactionTypes, typeNumber } from '../../../../pipeline/domain/interaction-type.ts';
import { oldestHour, Popularity } from '../../../../pipeline/domain/popularity.ts';
import { defaultSettings, namespaceSettingsSchema } from '../../../../pipeline/domain/settings.ts';

const reference = 500_000;
const row = fc.record({
  segment: fc.constantFrom('|', 'home|de', 'home|'),
  itemId: fc.constantFrom('a', 'b', 'c', 'd'),
  type: fc.integer({ min: 0, max: interactionTypes.length - 1 }),
  count: fc.integer({ min: 1, max: 50 }),
});
const change = fc.record({
  hour: fc.integer({ min: reference - 400, max: reference + 1 }),
  rows: fc.array(row, { maxLength: 6 }),
});

/** Weighted, halved and summed from scratch. */
function naiveTop(
  hours: ReadonlyMap<number, readonly { segment: string; itemId: string; type: number; count: number }[]>,
  segment: string,
) {
  const sums = new Map<string, number>();
  const weights: Record<string, number> = {
    ...defaultSettings.weights,
    rating: defaultSettings.weights.custom,
    dismiss: 0,
  };
  for (const [hour, rows] of hours) {
    for (const one of rows) {
      if (segment !== '|' && one.segment !== segment) continue;
      const weight = weights[interactionTypes[one.type] as string] as number;
      const value =
        one.count * weight * 2 ** (((hour - reference) * 3_600_000) / defaultSettings.popularity_half_life_ms);
      sums.set(one.itemId, (sums.get(one.itemId) ?? 0) + value);
    }
  }
  const most = Math.max(...sums.values());
  return [...sums]
    .filter(([, sum]) => sum > most * 1e-9 && sum > 1e-9)
    .map(([itemId, sum]) => ({ itemId, score: sum / most }));
}

describe('Popularity', () => {
  it('equals a sum from scratch, however often hours were replaced', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const popularity = new Popularity(defaultSettings, reference);
        const hours = new Map<number, (typeof changes)[number]['rows']>();
        for (const { hour, rows } of changes) {
          popularity.replaceHour(hour, rows);
          hours.set(hour, rows);
        }
        for (const segment of ['|', 'home|de', 'home|']) {
          const expected = new Map(
            naiveTop(hours, segment).map(({ itemId, score }) => [itemId, expect.closeTo(score, 6)]),
          );
          const top = popularity.top(segment, 10);
          expect(new Map(top.map(({ itemId, score }) => [itemId, score]))).toEqual(expected);
          expect(top.map(({ score }) => score)).toEqual(top.map(({ score }) => score).toSorted((a, b) => b - a));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells which segments changed, and that an hour read again has not', () => {
    const popularity = new Popularity(defaultSettings, reference);
    const rows = [{ segment: 'home|de', itemId: 'a', type: 1, count: 2 }];
    popularity.replaceHour(reference, rows);
    expect(popularity.changed().toSorted()).toEqual(['home|de', '|']);
    popularity.settle(popularity.changed());
    popularity.replaceHour(
      reference,
      rows.map((one) => ({ ...one })),
    );
    expect(popularity.changed()).toEqual([]);
    popularity.replaceHour(reference, [{ segment: 'home|de', itemId: 'a', type: 1, count: 3 }]);
    expect(popularity.changed()).toHaveLength(2);
  });

  it('lets an old purchase fall behind a new click, at half a half-life count', () => {
    const settings = namespaceSettingsSchema.parse({ popularity_half_life_ms: 3_600_000 });
    const popularity = new Popularity(settings, reference);
    popularity.replaceHour(reference - 3, [{ segment: '|', itemId: 'old', type: typeNumber('purchase'), count: 1 }]);
    popularity.replaceHour(reference, [{ segment: '|', itemId: 'new', type: typeNumber('click'), count: 1 }]);
    expect(popularity.top('|', 5)).toEqual([
      { itemId: 'new', score: 1 },
      { itemId: 'old', score: 0.625 },
    ]);
    expect(oldestHour(settings, reference)).toBe(reference - 10);
  });

  it('takes no account of dismissals, which concern one user only', () => {
    const popularity = new Popularity(defaultSettings, reference);
    popularity.replaceHour(reference, [
      { segment: '|', itemId: 'a', type: typeNumber('click'), count: 2 },
      { segment: '|', itemId: 'a', type: typeNumber('dismiss'), count: 9 },
      { segment: '|', itemId: 'b', type: typeNumber('click'), count: 1 },
      { segment: '|', itemId: 'c', type: typeNumber('dismiss'), count: 1 },
    ]);
    expect(popularity.top('|', 5)).toEqual([
      { itemId: 'a', score: 1 },
      { itemId: 'b', score: 0.5 },
    ]);
  });

  it('leaves out what a namespace weighs below nothing', () => {
    const settings = namespaceSettingsSchema.parse({ weights: { custom: -1 } });
    const popularity = new Popularity(settings, reference);
    popularity.replaceHour(reference, [
      { segment: '|', itemId: 'a', type: typeNumber('click'), count: 1 },
      { segment: '|', itemId: 'b', type: typeNumber('custom'), count: 1 },
    ]);
    expect(popularity.top('|', 5).map(({ itemId }) => itemId)).toEqual(['a']);
  });
});
