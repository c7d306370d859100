import { Interner } from './interner.ts';

const hourMs = 3_600_000;

/**
 * The sessions of an index by slot number. Slots are reused, so nothing may keep one across a change.
 * Sessions are filed by the hour of their last event, so that expiry touches only what expires.
 */
export class SessionSlots {
  readonly #keys = new Interner();
  readonly #items: Uint32Array[] = [];
  readonly #hours = new Map<number, Set<number>>();
  #lastAt = new Float64Array(1_024);

  get size(): number {
    return this.#keys.size;
  }

  get capacity(): number {
    return this.#keys.capacity;
  }

  find(key: string): number | undefined {
    return this.#keys.find(key);
  }

  items(slot: number): Uint32Array {
    return this.#items[slot] as Uint32Array;
  }

  lastAt(slot: number): number {
    return this.#lastAt[slot] as number;
  }

  /** The key must not be there yet. */
  add(key: string, items: Uint32Array, lastAt: number): number {
    const slot = this.#keys.intern(key);
    this.#items[slot] = items;
    if (slot >= this.#lastAt.length) {
      const grown = new Float64Array(this.#lastAt.length * 2);
      grown.set(this.#lastAt);
      this.#lastAt = grown;
    }
    this.#lastAt[slot] = lastAt;
    const hour = Math.floor(lastAt / hourMs);
    const filed = this.#hours.get(hour);
    if (filed) filed.add(slot);
    else this.#hours.set(hour, new Set([slot]));
    return slot;
  }

  remove(slot: number): void {
    const hour = Math.floor(this.lastAt(slot) / hourMs);
    const filed = this.#hours.get(hour);
    filed?.delete(slot);
    if (filed?.size === 0) this.#hours.delete(hour);
    this.#items[slot] = new Uint32Array(0);
    this.#keys.release(slot);
  }

  /** Slots of hours that ended at or before `instant`. */
  endedBefore(instant: number): number[] {
    const ended: number[] = [];
    for (const [hour, slots] of this.#hours) if ((hour + 1) * hourMs <= instant) ended.push(...slots);
    return ended;
  }

  /** Negative where `a` is the more recent one; a total order that does not depend on slot numbers. */
  readonly byRecency = (a: number, b: number): number => {
    const byTime = this.lastAt(b) - this.lastAt(a);
    if (byTime !== 0 || a === b) return byTime;
    return this.#keys.text(a) < this.#keys.text(b) ? -1 : 1;
  };
}
