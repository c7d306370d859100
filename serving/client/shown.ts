import type { List } from './generated/api.ts';

/** Where an item was shown. */
export interface Shown {
  readonly requestId: string;
  /** From 1. */
  readonly position: number;
}

/** Items remembered; 25 lists of 40. */
const capacity = 1_000;

/** Remembers which list showed an item to whom, so that what follows from it carries the list's `request_id`. */
export class ShownItems {
  readonly #shown = new Map<string, Shown>();

  remember(userId: string, { request_id: requestId, items }: Pick<List, 'request_id' | 'items'>): void {
    for (const { item_id: itemId, position } of items) {
      const key = keyOf(userId, itemId);
      this.#shown.delete(key); // to the end: the oldest go first
      this.#shown.set(key, { requestId, position });
    }
    for (const key of this.#shown.keys()) {
      if (this.#shown.size <= capacity) break;
      this.#shown.delete(key);
    }
  }

  find(userId: string, itemId: string): Shown | undefined {
    return this.#shown.get(keyOf(userId, itemId));
  }
}

const keyOf = (userId: string, itemId: string): string => JSON.stringify([userId, itemId]);
