import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { DataSet } from './data-set.ts';
import type { LoadResult } from './load-plan.ts';
import { differenceOf, leakOf } from './verify.ts';

/** What the outage's requests ask for: the user's list as it is, for the last answers are kept as they were. */
export const surface = 'list';

/**
 * Answers given while Redis was there (`isWhole`, by index) are those of the reference; the others show nothing that
 * must not be shown, and what is refused is refused with 503. Answers how many were looked at; else FreshetError
 * `bench_failed`.
 */
export function verifyOutage(data: DataSet, result: LoadResult, isWhole: (index: number) => boolean): number {
  const now = Date.now();
  const odd = result.statuses.find((status) => status !== 200 && status !== 503);
  if (odd !== undefined) throw new FreshetError('bench_failed', `a request was answered with ${odd}`);
  const wrong = result.samples.flatMap((sample) => {
    return (isWhole(sample.index) ? differenceOf(data, sample, { surface, now }) : leakOf(data, sample, now)) ?? [];
  });
  if (wrong.length === 0) return result.samples.length;
  throw new FreshetError('bench_failed', `${wrong.length} answers are wrong; the first: ${wrong[0]}`);
}
