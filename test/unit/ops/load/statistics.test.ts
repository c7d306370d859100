import { describe, expect, it } from 'vitest';
import { latencyOf, median, percentile, spread } from '../../../../ops/load/harness/statistics.ts';

describe('a median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 2, 9, 1])).toBe(5.5);
  });

  it('of nothing is an error, not a zero', () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it('stands beside least and greatest', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
  });
});

describe('a percentile', () => {
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);

  it('is a value that was measured', () => {
    expect([50, 99, 99.9, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100, 100]);
    expect(percentile([7], 50)).toBe(7);
  });

  it('of nothing is an error', () => {
    expect(() => percentile([], 99)).toThrow(RangeError);
  });

  it('is taken from latencies in any order, which stay as they are', () => {
    const latencies = Float64Array.from([3, 1, 2]);
    expect(latencyOf(latencies)).toEqual({ count: 3, p50: 2, p90: 3, p99: 3, p999: 3, max: 3 });
    expect([...latencies]).toEqual([3, 1, 2]);
  });
});
