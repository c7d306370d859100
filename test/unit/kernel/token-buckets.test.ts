import { expect, it } from 'vitest';
import { TokenBuckets } from '../../../pipeline/kernel/token-buckets.ts';

it('a taking larger than what is there can be asked for as a whole, and told when it fits', () => {
  let now = 0;
  const buckets = new TokenBuckets({ monotonic: () => now }, { burstSeconds: 5 });
  expect(buckets.wait('u', 10, 50)).toBeUndefined();
  buckets.take('u', 10, 50);
  expect([buckets.wait('u', 10), buckets.wait('u', 10, 25)]).toEqual([1, 3]);
  now = 2_500;
  expect(buckets.wait('u', 10, 25)).toBeUndefined();
  now = 60_000;
  expect([buckets.wait('u', 10, 50), buckets.wait('u', 10, 51)]).toEqual([undefined, 1]);
});

it('where names are bounded, the bucket that was not asked for longest goes for a new one', () => {
  const buckets = new TokenBuckets({ monotonic: () => 0 }, { names: 2 });
  for (const name of ['a', 'b']) buckets.take(name, 1, 1);
  expect(buckets.wait('a', 1)).toBe(1);
  buckets.take('c', 1, 1);
  expect([buckets.wait('a', 1), buckets.wait('c', 1), buckets.wait('b', 1)]).toEqual([1, 1, undefined]);
});
