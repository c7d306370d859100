import { percentile } from '../load/harness/statistics.ts';
import type { PublishedRecord } from './judge.ts';
import { slowMark } from './writers.ts';

export interface TimedRow {
  readonly id: string;
  /** Insert of the row, milliseconds since the epoch. */
  readonly createdAt: number;
}

const p99 = (values: readonly number[]) =>
  values.length === 0
    ? 0
    : percentile(
        [...values].sort((a, b) => a - b),
        99,
      );

/** Insert of a row → append at the broker, of rows inserted before and within an interval. */
export function compareLatency(
  published: readonly PublishedRecord[],
  rows: readonly TimedRow[],
  [from, to]: readonly [number, number],
): { readonly before: number; readonly during: number } {
  const appendedAt = new Map(published.map((record) => [record.id, record.appendedAt]));
  const before: number[] = [];
  const during: number[] = [];
  for (const { id, createdAt } of rows) {
    const at = appendedAt.get(id);
    if (at === undefined || id.endsWith(slowMark)) continue;
    if (createdAt < from) before.push(at - createdAt);
    else if (createdAt <= to) during.push(at - createdAt);
  }
  return { before: Math.round(p99(before)), during: Math.round(p99(during)) };
}
