import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDlqLimit } from '../../../pipeline/kernel/dlq-limit.ts';

const times = (count: number, outcome: boolean) => Array.from({ length: count }, () => outcome);

describe('DlqLimit', () => {
  it('trips at the dead letter that completes a row', () => {
    const limit = createDlqLimit({ ratio: 1, inARow: 3 });
    expect(limit.admits([true, true, false, true, true, true, true])).toBe(6);
  });

  it('trips when the share of the window is exceeded, counting what was not seen as good', () => {
    const limit = createDlqLimit({ ratio: 0.2, inARow: 1_000, window: 10 });
    expect(limit.record([true, true])).toBe(false);
    expect(limit.admits([false, true, true])).toBe(2);
  });

  it('forgets what has left the window', () => {
    const limit = createDlqLimit({ ratio: 0.2, inARow: 1_000, window: 10 });
    limit.record([true, true, ...times(9, false)]);
    expect(limit.admits([true])).toBe(1);
    expect(limit.record([true])).toBe(false);
  });

  it('changes nothing when asked what it admits', () => {
    const limit = createDlqLimit({ ratio: 0.5, inARow: 3, window: 10 });
    limit.admits([true, true]);
    expect(limit.record([true])).toBe(false);
  });

  it('admits up to exactly the outcome at which recording would trip', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        (past, given) => {
          const limit = createDlqLimit({ ratio: 0.3, inARow: 5, window: 20 });
          limit.record(past);
          const admitted = limit.admits(given);
          const trips = given.slice(0, admitted).map((outcome) => limit.record([outcome]));
          expect(trips.slice(0, -1)).not.toContain(true);
          if (admitted < given.length) expect(trips.at(-1)).toBe(true);
        },
      ),
    );
  });
});
