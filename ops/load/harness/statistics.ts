/** A figure of several runs. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** The middle value; of an even count the mean of the two in the middle. Throws RangeError where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('no median of no values');
  return (lower + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

/**
 * Nearest rank: the least value that at least `percent` of all do not exceed, so it is one that was measured.
 * `sorted` ascends. Throws RangeError where there is no value.
 */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent * sorted.length) / 100 - 1e-9));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError(`no percentile ${percent} of ${sorted.length} values`);
  return value;
}

/** Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Of latencies in milliseconds, in any order; the array is left as it is. */
export function latencyOf(milliseconds: Float64Array): Latency {
  const sorted = milliseconds.toSorted();
  const at = (percent: number) => Number(percentile(sorted, percent).toFixed(3));
  return { count: sorted.length, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) };
}
