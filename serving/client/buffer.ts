import type { Settings, Tracked } from './options.ts';

/** One event that waits, and what it takes as JSON. */
export interface Waiting {
  readonly tracked: Tracked;
  readonly json: string;
  readonly bytes: number;
  /** One event by this: namespace and `event_id`. */
  readonly key: string;
  /** What the device's clock showed, where the client filled in `occurred_at` and may put it right. */
  readonly takenAt: number | undefined;
}

const encoder = new TextEncoder();

export function waitingOf(tracked: Tracked, takenAt: number | undefined): Waiting {
  const json = JSON.stringify(tracked.event);
  const key = `${tracked.event.namespace ?? 'default'}|${tracked.event.event_id}`;
  return { tracked, json, bytes: encoder.encode(json).length + 1, key, takenAt };
}

export interface Bounds {
  readonly count: number;
  readonly bytes: number;
}

/** Events that wait, oldest first, within bounds. */
export class EventBuffer {
  readonly #bounds: Settings['buffer'];
  /** By key: an event that waits already is the same event. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(bounds: Settings['buffer']) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes an event in and answers which were dropped for it: the oldest but those of `kept`, which are being sent and may
   * be stored already. An event that is larger than the buffer is dropped itself.
   */
  add(one: Waiting, kept: ReadonlySet<Waiting>): readonly Waiting[] {
    if (this.#waiting.has(one.key)) return [];
    if (one.bytes > this.#bounds.bytes) return [one];
    this.#waiting.set(one.key, one);
    this.#bytes += one.bytes;
    const dropped: Waiting[] = [];
    for (const oldest of this.#waiting.values()) {
      if (this.#waiting.size <= this.#bounds.count && this.#bytes <= this.#bounds.bytes) break;
      if (kept.has(oldest)) continue;
      this.remove(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  /** False where it was not there any more. */
  remove(one: Waiting): boolean {
    if (this.#waiting.get(one.key) !== one) return false;
    this.#waiting.delete(one.key);
    this.#bytes -= one.bytes;
    return true;
  }

  /** Puts `next`, the same event told otherwise, in the place of one; nothing where that was not there any more. */
  replace(one: Waiting, next: Waiting): void {
    if (this.#waiting.get(one.key) !== one) return;
    this.#waiting.set(one.key, next);
    this.#bytes += next.bytes - one.bytes;
  }

  /** The oldest ones within `bounds`; one at least, where there is one. */
  oldest(bounds: Bounds, but: ReadonlySet<Waiting> = new Set()): readonly Waiting[] {
    const found: Waiting[] = [];
    let bytes = 0;
    for (const one of this.#waiting.values()) {
      if (but.has(one)) continue;
      if (found.length > 0 && (found.length >= bounds.count || bytes + one.bytes > bounds.bytes)) break;
      found.push(one);
      bytes += one.bytes;
    }
    return found;
  }

  clear(): readonly Waiting[] {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#bytes = 0;
    return all;
  }
}
