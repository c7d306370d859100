import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { RelayProcess } from './relay-process.ts';

/** Upper bound in seconds → observations up to it, ascending. */
export type Buckets = ReadonlyMap<number, number>;

/** Milliseconds, interpolated within a bucket of the relay's histogram. */
export interface AckPercentiles {
  readonly p50: number;
  readonly p99: number;
}

const name = 'freshet_relay_publish_seconds_bucket';

/** The histogram `freshet_relay_publish_seconds` of a relay of ours; undefined where the process tells no address. */
export async function ackHistogram({ output }: Pick<RelayProcess, 'output'>): Promise<Buckets | undefined> {
  const line = output.find((one) => one.includes('"listening":'));
  if (line === undefined) return undefined;
  const { listening } = JSON.parse(line) as { listening: string };
  const text = await (await fetch(`${listening}/metrics`)).text();
  return parseBuckets(text);
}

/** Throws FreshetError `bench_failed` where the histogram is not there: a figure of 0 would be believed. */
export function parseBuckets(text: string): Buckets {
  const buckets = new Map<number, number>();
  for (const [, labels = '', count] of text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\d+)$`, 'gm'))) {
    const bound = /(?:^|,)le="([^"]+)"/.exec(labels)?.[1];
    const seconds = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    buckets.set(seconds, (buckets.get(seconds) ?? 0) + Number(count));
  }
  if (buckets.size === 0) throw new FreshetError('bench_failed', `the relay's metrics have no ${name}`);
  return buckets;
}

/** Of what was observed between two readings. */
export function ackPercentiles(before: Buckets, after: Buckets): AckPercentiles {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const total = counts.at(-1)?.[1] ?? 0;
  const at = (percent: number): number => {
    const rank = (total * percent) / 100;
    let lowBound = 0;
    let lowCount = 0;
    for (const [bound, count] of counts) {
      if (count >= rank) {
        const share = count === lowCount ? 0 : (rank - lowCount) / (count - lowCount);
        const width = Number.isFinite(bound) ? bound - lowBound : 0;
        return Number(((lowBound + width * share) * 1_000).toFixed(2));
      }
      [lowBound, lowCount] = [bound, count];
    }
    return 0;
  };
  return { p50: at(50), p99: at(99) };
}
