import type { Clock } from './clock.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

export interface TokenBucketsOptions {
  /** What goes by while nothing is asked may be asked at once, but no more than this many seconds' worth; 1 by default. */
  readonly burstSeconds?: number;
  /**
   * Buckets that are kept; the one that was not asked for longest goes for another. All by default: then give no names
   * that clients can make up.
   */
  readonly names?: number;
}

/** For users: a page may send at once what it has gathered. Memory holds those who were here last. */
export const bucketsOfUsers: TokenBucketsOptions = { burstSeconds: 5, names: 20_000 };

/**
 * A token bucket for each name, of this process: with N of them a name has N times as much. A bucket may go into debt,
 * so that a taking larger than the limit passes now and is paid for afterwards.
 */
export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #burstSeconds: number;
  readonly #names: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonic'>, { burstSeconds = 1, names = Infinity }: TokenBucketsOptions = {}) {
    this.#clock = clock;
    this.#burstSeconds = burstSeconds;
    this.#names = names;
  }

  /** Seconds, whole and 1 at least, until there are `count` tokens; undefined where there are now. */
  wait(name: string, perSecond: number, count = 1): number | undefined {
    const { tokens } = this.#fill(name, perSecond);
    return tokens >= count ? undefined : Math.max(1, Math.ceil((count - tokens) / perSecond));
  }

  /** The most that can be taken without debt. */
  burst(perSecond: number): number {
    return perSecond * this.#burstSeconds;
  }

  take(name: string, perSecond: number, count: number): void {
    this.#fill(name, perSecond).tokens -= count;
  }

  #fill(name: string, perSecond: number): Bucket {
    const now = this.#clock.monotonic();
    const most = this.burst(perSecond);
    const bucket = this.#bucketOf(name) ?? this.#add(name, { tokens: most, filledAt: now });
    bucket.tokens = Math.min(most, bucket.tokens + ((now - bucket.filledAt) / 1_000) * perSecond);
    bucket.filledAt = now;
    return bucket;
  }

  /** Where names are bounded, a bucket that is asked for goes to the end of the map. */
  #bucketOf(name: string): Bucket | undefined {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined || this.#names === Infinity) return bucket;
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #add(name: string, bucket: Bucket): Bucket {
    if (this.#buckets.size >= this.#names) this.#buckets.delete(this.#buckets.keys().next().value as string);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
