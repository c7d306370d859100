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
      const missing: string[] = [];
      for (const itemId of new Set(itemIds)) {
        const key = `${namespace}|${itemId}`;
        const number = cache.get(key);
        if (number !== undefined) numbers.set(itemId, number);
        else if ((unknownUntil.get(key) ?? 0) <= now) missing.push(itemId);
      }
      if (missing.length === 0) return numbers;
      for (const { item_id: itemId, number } of await load(db, namespace, missing)) {
        numbers.set(itemId, Number(number));
        cache.set(`${namespace}|${itemId}`, Number(number));
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

/** Two generations: a full young one becomes the old one, what is used in the old one comes back. */
class NumberCache {
  readonly #half: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(size: number) {
    this.#half = Math.max(1, Math.floor(size / 2));
  }

  get(key: string): number | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, number: number): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, number);
  }
}
