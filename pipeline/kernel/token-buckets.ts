import type { Clock } from './clock.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** What goes by while nothing is asked may be asked at once, but no more than one second's worth. */
const burstSeconds = 1;

/**
 * A token bucket for each name, of this process: with N of them a name has N times as much. A bucket may go into debt,
 * so that a taking larger than the limit passes now and is paid for afterwards. As many buckets are kept as names were
 * ever given: give none that clients can make up.
 */
export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Seconds, whole and 1 at least, until there is a token; undefined where there is one now. */
  wait(name: string, perSecond: number): number | undefined {
    const { tokens } = this.#fill(name, perSecond);
    return tokens >= 1 ? undefined : Math.max(1, Math.ceil((1 - tokens) / perSecond));
  }

  take(name: string, perSecond: number, count: number): void {
    this.#fill(name, perSecond).tokens -= count;
  }

  #fill(name: string, perSecond: number): Bucket {
    const now = this.#clock.monotonic();
    const most = perSecond * burstSeconds;
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      const full = { tokens: most, filledAt: now };
      this.#buckets.set(name, full);
      return full;
    }
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.filledAt) / 1_000) * perSecond);
    bucket.filledAt = now;
    return bucket;
  }
}
