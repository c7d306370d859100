import type { Random } from '../random.ts';
import { itemIds, namespaces, userIds } from './population.ts';

/** An interaction as a client hands it in, in the names of the HTTP door. */
export interface Draft {
  readonly event_id: string;
  readonly namespace: string;
  readonly user_id: string;
  readonly anonymous: boolean;
  readonly session_id: string | null;
  readonly request_id: string | null;
  readonly item_id: string | null;
  readonly type: (typeof types)[number];
  readonly value: number | null;
  readonly occurred_at: number;
  readonly consent: 'full' | 'functional' | 'none';
  readonly context: Readonly<Record<string, string | number | boolean | null>> | null;
  readonly commerce?: Readonly<Record<string, string>>;
  readonly order?: Readonly<Record<string, unknown>>;
}

/** A slate as a client reports it. */
export interface SlateDraft {
  readonly event_id: string;
  readonly namespace: string;
  readonly user_id: string;
  readonly request_id: string | null;
  readonly surface: string;
  readonly occurred_at: number;
  readonly consent: 'full' | 'functional' | 'none';
  readonly items: readonly { readonly item_id: string; readonly position: number; readonly sources: string[] }[];
  readonly variant: string | null;
}

const types = ['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss'] as const;
const often = ['view', 'click', 'click', 'add', 'add', 'purchase', 'purchase'] as const;
const consents = [...Array<'full'>(16).fill('full'), 'functional', 'functional', 'functional', 'none'] as const;

const minute = 60_000;
const gap = 30 * minute;
const day = 24 * 60 * minute;
const windowDays = 9;
const commerce = { order_id: 'order', unit_price: '9.90', currency: 'EUR' };

/** Makes events whose times come late, early, at the very gap of a session and between two sessions. */
export class Drafts {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #times = new Map<string, number[]>();
  #count = 0;

  /** `prefix` keeps event ids apart from those of other drafts. */
  constructor(options: { readonly random: Random; readonly prefix: string; readonly now: () => number }) {
    this.#random = options.random;
    this.#prefix = options.prefix;
    this.#now = options.now;
  }

  interaction(who: Partial<Pick<Draft, 'namespace' | 'user_id'>> = {}): Draft {
    const random = this.#random;
    const type = random.pick(random.next() < 0.5 ? often : types);
    const namespace = who.namespace ?? random.pick(namespaces);
    const userId = who.user_id ?? random.pick(userIds);
    const consent = random.pick(consents);
    const isOrder = type === 'custom' && random.next() < 0.3;
    const hasItem = type !== 'custom' || (!isOrder && random.next() < 0.5);
    return {
      event_id: this.#nextId('e'),
      namespace,
      user_id: userId,
      anonymous: random.next() < 0.2,
      session_id: random.next() < 0.3 ? `s ${random.between(1, 4)}` : null,
      request_id: random.next() < 0.3 ? `r${random.between(1, 50)}` : null,
      item_id: hasItem ? random.pick(itemIds) : null,
      type,
      value: ['add', 'purchase', 'watch', 'rating'].includes(type) ? random.between(1, 5) : null,
      occurred_at: this.#occurredAt(`${namespace}|${userId}`),
      consent,
      context: isOrder ? { kind: 'order' } : this.#context(),
      ...(type === 'purchase' ? { commerce } : {}),
      ...(isOrder ? { order: this.#order() } : {}),
    };
  }

  slate(): SlateDraft {
    const random = this.#random;
    const items = random.shuffled(itemIds).slice(0, random.between(1, 6));
    return {
      event_id: this.#nextId('i'),
      namespace: random.pick(namespaces),
      user_id: random.pick(userIds),
      request_id: random.next() < 0.7 ? `r${random.between(1, 50)}` : null,
      surface: 'home',
      occurred_at: this.#now() - random.between(0, windowDays * day),
      consent: random.pick(consents),
      items: items.map((item_id, at) => ({ item_id, position: at + 1, sources: at % 2 ? [] : ['popular', 'similar'] })),
      variant: random.next() < 0.5 ? 'blue' : null,
    };
  }

  #nextId(kind: string): string {
    this.#count += 1;
    // Ids that do not ascend: whatever goes by their order must not lean on the order of arrival.
    return `${this.#prefix}${kind}${(this.#count * 7_919) % 100_003}.${this.#count}`;
  }

  #context(): Draft['context'] {
    const random = this.#random;
    if (random.next() < 0.3) return null;
    return {
      surface: random.pick(['home', 'pdp', 'a|b', null]),
      widget: random.next() < 0.3 ? 'slider' : null,
      rank: random.next() < 0.5 ? random.between(1, 40) : null,
      ab_bucket: random.next() < 0.3 ? 'green' : null,
    };
  }

  #order() {
    const items = [{ item_id: this.#random.pick(itemIds), quantity: 1, unit_price: '5' }];
    return { order_id: 'o', total: '5', currency: 'EUR', items };
  }

  #occurredAt(user: string): number {
    const random = this.#random;
    const now = this.#now();
    const times = this.#times.get(user) ?? [now - random.between(0, windowDays * day)];
    this.#times.set(user, times);
    const near = (random.next() < 0.7 ? times.at(-1) : random.pick(times)) as number;
    const roll = random.next();
    const at =
      roll < 0.5
        ? near + random.between(0, 8 * minute)
        : roll < 0.6
          ? near + random.pick([-gap - 1, -gap, gap, gap + 1])
          : roll < 0.75
            ? near + random.between(gap, 2 * gap) - (random.next() < 0.5 ? gap / 2 : 0)
            : roll < 0.85
              ? near - random.between(0, day)
              : now - random.between(0, windowDays * day);
    const fits = at <= now && at > now - (windowDays + 1) * day ? at : now - random.between(0, windowDays * day);
    times.push(fits);
    if (times.length > 64) times.shift();
    return fits;
  }
}
