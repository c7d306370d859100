import type { SessionSlots } from './session-slots.ts';

/**
 * The most recent sessions of each item, most recent last, so that the usual change (a session just got newer)
 * works on the end of the list. A full list lets go of its oldest session.
 */
export class Postings {
  readonly #slots: SessionSlots;
  readonly #limit: number;
  readonly #lists: number[][] = [];
  readonly #counts: number[] = [];

  constructor(slots: SessionSlots, limit: number) {
    this.#slots = slots;
    this.#limit = limit;
  }

  /** Most recent last; not to be changed or kept. */
  of(item: number): readonly number[] {
    return this.#lists[item] ?? [];
  }

  /** Sessions with the item, also those no longer in the list. */
  count(item: number): number {
    return this.#counts[item] ?? 0;
  }

  add(item: number, slot: number): void {
    this.#counts[item] = this.count(item) + 1;
    const list = this.#lists[item];
    if (!list) {
      this.#lists[item] = [slot];
      return;
    }
    const at = this.#position(list, slot);
    if (at === list.length) list.push(slot);
    else list.splice(at, 0, slot);
    if (list.length > this.#limit) list.shift();
  }

  /** To be called while the slot still has the time it was added with. */
  remove(item: number, slot: number): void {
    this.#counts[item] = this.count(item) - 1;
    const list = this.#lists[item];
    if (!list) return;
    const at = this.#position(list, slot);
    if (list[at] === slot) list.splice(at, 1);
  }

  /** First place whose session is at least as recent. */
  #position(list: readonly number[], slot: number): number {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#slots.byRecency(list[middle] as number, slot) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
