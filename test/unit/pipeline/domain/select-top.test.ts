import fc from 'fast-check';
import { expect, it } from 'vitest';
import { selectTop } from '../../../../pipeline/domain/select-top.ts';

it('brings the first entries to the front and loses none', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 20 })), fc.nat({ max: 30 }), (values, count) => {
      const entries = Int32Array.from(values);
      const selected = selectTop(entries, entries.length, count, (a, b) => a - b);
      const sorted = values.toSorted((a, b) => a - b);
      expect(selected).toBe(Math.min(count, values.length));
      expect([...entries.subarray(0, selected)].toSorted((a, b) => a - b)).toEqual(sorted.slice(0, selected));
      expect([...entries].toSorted((a, b) => a - b)).toEqual(sorted);
    }),
    { numRuns: 500 },
  );
});
