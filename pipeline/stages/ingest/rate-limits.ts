import { anyCaller, type Caller, homeOf, mayUseNamespace } from '../../domain/caller.ts';
import { isObject } from '../../domain/intake/fields.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Problem } from '../../kernel/problem.ts';
import { bucketsOfUsers, TokenBuckets } from '../../kernel/token-buckets.ts';
import type { SettingsSource } from '../../stores/settings.ts';

export interface RateLimitsOptions {
  readonly settings: Pick<SettingsSource, 'get'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** The namespace that a member names, fit or not: what is at fault elsewhere costs work all the same. */
function namespaceOf(member: unknown, caller: Caller): string {
  const namespace = isObject(member) ? member.namespace : undefined;
  return typeof namespace === 'string' ? namespace : homeOf(caller);
}

/** Members of namespaces that the caller may not use are refused: they take nothing from those who may. */
function countByNamespace(members: readonly unknown[], caller: Caller): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const member of members) {
    const namespace = namespaceOf(member, caller);
    if (mayUseNamespace(caller, namespace)) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  }
  return counts;
}

/**
 * `max_events_per_second` of each namespace that has one, and the own rate of each user, for this process. A batch larger
 * than a namespace's limit passes and is paid for afterwards; one larger than a user may send at once never does. Only
 * namespaces with a limit of their own have a bucket: clients cannot make any.
 */
export class RateLimits {
  readonly #settings: RateLimitsOptions['settings'];
  readonly #buckets: TokenBuckets;
  readonly #ofUsers: TokenBuckets;

  constructor({ settings, clock }: RateLimitsOptions) {
    this.#settings = settings;
    this.#buckets = new TokenBuckets(clock);
    this.#ofUsers = new TokenBuckets(clock, bucketsOfUsers);
  }

  /**
   * Takes a token a member from the caller, where it is a user with a rate; none, and a problem, where there are too few.
   * Every member counts, fit or not: each has cost its work.
   */
  takeOwn(count: number, { userId, maxEventsPerSecond: limit }: Caller): Problem | undefined {
    if (userId === null || limit === undefined) return undefined;
    const most = this.#ofUsers.burst(limit);
    if (count > most) return tooManyAtOnce(most);
    const wait = this.#ofUsers.wait(userId, limit, count);
    if (wait !== undefined) return userOverLimit(limit, wait);
    this.#ofUsers.take(userId, limit, count);
    return undefined;
  }

  /** Takes a token a member from their namespaces; none, and a problem, where one of these has none left. */
  take(members: readonly unknown[], caller: Caller = anyCaller): Problem | undefined {
    const taken: { readonly namespace: string; readonly limit: number; readonly count: number }[] = [];
    for (const [namespace, count] of countByNamespace(members, caller)) {
      const limit = this.#settings.get(namespace).max_events_per_second;
      if (limit === null) continue;
      const wait = this.#buckets.wait(namespace, limit);
      if (wait !== undefined) return overLimit(limit, wait);
      taken.push({ namespace, limit, count });
    }
    for (const { namespace, limit, count } of taken) this.#buckets.take(namespace, limit, count);
    return undefined;
  }
}

const overLimit = (limit: number, retryAfterSeconds: number): Problem => ({
  status: 429,
  code: 'rate_limited',
  detail: 'this namespace sends more events a second than its settings allow; nothing was stored, repeat later',
  limit,
  retryAfterSeconds,
});

const userOverLimit = (limit: number, retryAfterSeconds: number): Problem => ({
  status: 429,
  code: 'rate_limited',
  detail: 'this user sends more events a second than a user may; nothing was stored, repeat later',
  limit,
  retryAfterSeconds,
});

const tooManyAtOnce = (limit: number): Problem => ({
  status: 413,
  code: 'batch_too_large',
  detail: `the token of a user sends at most ${limit} events at once; send fewer in a request`,
  path: '$',
  limit,
});
