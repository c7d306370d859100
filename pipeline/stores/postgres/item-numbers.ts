import type { ItemNumbers } from '../item-number.ts';
import type { Queryable } from './database.ts';

export interface ItemNumbersOptions {
  readonly db: Queryable;
  /** Milliseconds that never step back. */
  readonly monotonic: () => number;
  /** Numbers remembered; about 100 bytes each. */
  readonly cacheSize?: number;
}

/** How long an unknown item stays unknown, so that a flood of them is one query a second. */
const unknownForMs = 1_000;

/**
 * Numbers by a query a namespace for what is not remembered. Numbers never change, so they are remembered for
 * ever; where there are more than fit, the half that was not asked for lately goes.
 */
export function createItemNumbers({ db, monotonic, cacheSize = 1_000_000 }: ItemNumbersOptions): ItemNumbers {
  const cache = new NumberCache(cacheSize);
  const unknownUntil = new Map<string, number>();
  return {
    async resolve(namespace, itemIds) {
      const now = monotonic();
      const numbers = new Map<string, number>();
      const missing = new Set<string>();
      const known = cache.of(namespace);
      for (const itemId of itemIds) {
        const number = known(itemId);
        if (number !== undefined) numbers.set(itemId, number);
        else if ((unknownUntil.get(`${namespace}|${itemId}`) ?? 0) <= now) missing.add(itemId);
      }
      if (missing.size === 0) return numbers;
      for (const { item_id: itemId, number } of await load(db, namespace, [...missing])) {
        numbers.set(itemId, Number(number));
        cache.set(namespace, itemId, Number(number));
      }
      if (unknownUntil.size > cacheSize / 10) unknownUntil.clear();
      for (const itemId of missing) {
        if (numbers.has(itemId)) unknownUntil.delete(`${namespace}|${itemId}`);
        else unknownUntil.set(`${namespace}|${itemId}`, now + unknownForMs);
      }
      return numbers;
    },
  };
}

function load(db: Queryable, namespace: string, itemIds: readonly string[]) {
  return db.query<{ item_id: string; number: bigint }>({
    name: 'item-numbers',
    text: 'SELECT item_id, number FROM item WHERE namespace = $1 AND item_id = ANY ($2::text[])',
    values: [namespace, itemIds],
  });
}

type Generation = Map<string, Map<string, number>>;

/**
 * Two generations: a full young one becomes the old one, what is used in the old one comes back. Numbers lie by
 * namespace, then by the caller's own id: making a key of both for each look-up takes 2.5 times as long.
 */
class NumberCache {
  readonly #half: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngSize = 0;

  constructor(size: number) {
    this.#half = Math.max(1, Math.floor(size / 2));
  }

  /** Looks numbers up in one namespace; to be used at once. */
  of(namespace: string): (itemId: string) => number | undefined {
    let young = this.#young.get(namespace);
    const old = this.#old.get(namespace);
    return (itemId) => {
      const number = young?.get(itemId);
      if (number !== undefined) return number;
      const former = old?.get(itemId);
      if (former === undefined) return undefined;
      this.set(namespace, itemId, former);
      young = this.#young.get(namespace);
      return former;
    };
  }

  set(namespace: string, itemId: string, number: number): void {
    if (this.#youngSize >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSize = 0;
    }
    let numbers = this.#young.get(namespace);
    if (!numbers) {
      numbers = new Map();
      this.#young.set(namespace, numbers);
    }
    if (!numbers.has(itemId)) this.#youngSize += 1;
    numbers.set(itemId, number);
  }
}
