import { isObject } from '../../domain/intake/fields.ts';
import { defaultNamespace } from '../../domain/intake/text.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { SettingsSource } from '../../stores/settings.ts';

export interface RateLimitsOptions {
  readonly settings: Pick<SettingsSource, 'get'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** What goes by while nothing is sent may be sent at once, but no more than one second's worth. */
const burstSeconds = 1;

/** The namespace that a member names, fit or not: what is at fault elsewhere costs work all the same. */
function namespaceOf(member: unknown): string {
  const namespace = isObject(member) ? member.namespace : undefined;
  return typeof namespace === 'string' ? namespace : defaultNamespace;
}

function countByNamespace(members: readonly unknown[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const member of members) {
    const namespace = namespaceOf(member);
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return counts;
}

/**
 * `max_events_per_second` of each namespace that has one, for this process: with N of them a namespace may send N times
 * as much. A bucket may go into debt, so that a batch larger than the limit passes now and is paid for afterwards.
 */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
  }

  /** Takes a token a member; none, and a problem, where one of their namespaces has none left. */
  take(members: readonly unknown[]): Problem | undefined {
    const taken: { readonly bucket: Bucket; readonly count: number }[] = [];
    for (const [namespace, count] of countByNamespace(members)) {
      const limit = this.#options.settings.get(namespace).max_events_per_second;
      if (limit === null) continue;
      const bucket = this.#fill(namespace, limit);
      if (bucket.tokens < 1) return overLimit(limit, bucket.tokens);
      taken.push({ bucket, count });
    }
    for (const { bucket, count } of taken) bucket.tokens -= count;
    return undefined;
  }

  /** There are as many buckets as namespaces with a limit of their own: clients cannot make any. */
  #fill(namespace: string, limit: number): Bucket {
    const now = this.#options.clock.monotonic();
    const bucket = this.#buckets.get(namespace) ?? { tokens: limit * burstSeconds, filledAt: now };
    const earned = ((now - bucket.filledAt) / 1_000) * limit;
    bucket.tokens = Math.min(limit * burstSeconds, bucket.tokens + earned);
    bucket.filledAt = now;
    this.#buckets.set(namespace, bucket);
    return bucket;
  }
}

function overLimit(limit: number, tokens: number): Problem {
  return {
    status: 429,
    code: 'rate_limited',
    detail: 'this namespace sends more events a second than its settings allow; nothing was stored, repeat later',
    limit,
    retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / limit)),
  };
}
