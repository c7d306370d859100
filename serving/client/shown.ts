import type { List } from './generated/api.ts';

/** Where an item was shown. */
export interface Shown {
  readonly requestId: string;
  /** From 1. */
  readonly position: number;
}

/** To whom something is shown. */
export interface Viewer {
  readonly userId: string;
  /** `default` where none is named. */
  readonly namespace: string | null | undefined;
}

/** Items remembered; 25 lists of 40. */
const capacity = 1_000;

/** Remembers which list showed an item to whom, so that what follows from it carries the list's `request_id`. */
export class ShownItems {
  readonly #shown = new Map<string, Shown>();

  remember(viewer: Viewer, { request_id: requestId, items }: Pick<List, 'request_id' | 'items'>): void {
    for (const { item_id: itemId, position } of items) {
      const key = keyOf(viewer, itemId);
      this.#shown.delete(key); // to the end: the oldest go first
      this.#shown.set(key, { requestId, position });
    }
    for (const key of this.#shown.keys()) {
      if (this.#shown.size <= capacity) break;
      this.#shown.delete(key);
    }
  }

  find(viewer: Viewer, itemId: string): Shown | undefined {
    return this.#shown.get(keyOf(viewer, itemId));
  }
}

const keyOf = ({ userId, namespace }: Viewer, itemId: string): string =>
  JSON.stringify([namespace ?? 'default', userId, itemId]);
