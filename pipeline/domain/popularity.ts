import { interactionTypes } from './interaction-type.ts';
import { Interner } from './interner.ts';
import { selectTop } from './select-top.ts';
import type { NamespaceSettings } from './settings.ts';

const hourMs = 3_600_000;
/** What a segment's list is made of when nothing is known about who asks. */
export const globalSegment = '|';
/** Counts this many half-lives old weigh less than a thousandth and are not read. */
const halfLivesRead = 10;
/** Sums below, and shares of the greatest sum below, are what subtracting leaves of nothing. */
const dust = 1e-9;

export interface CountedItem {
  readonly segment: string;
  readonly itemId: string;
  /** Index in `interactionTypes`. */
  readonly type: number;
  readonly count: number;
}

export interface PopularItem {
  readonly itemId: string;
  /** Share of the most popular item's, in (0, 1], rounded to a float32. */
  readonly score: number;
}

/** An hour's rows, packed: 16 bytes each. */
interface Hour {
  readonly segments: Uint32Array;
  readonly items: Uint32Array;
  readonly types: Uint8Array;
  readonly counts: Float64Array;
}

/**
 * Weight of one interaction by type. A rating's value is not counted, so it weighs what `custom` does. What one user
 * dismisses says something about that user and nothing about others.
 */
function weightsByType({ weights }: NamespaceSettings): number[] {
  return interactionTypes.map((type) => (type === 'dismiss' ? 0 : type === 'rating' ? weights.custom : weights[type]));
}

/** Oldest hour that still counts at `nowHour`. */
export function oldestHour({ popularity_half_life_ms: halfLifeMs }: NamespaceSettings, nowHour: number): number {
  return nowHour - Math.ceil((halfLivesRead * halfLifeMs) / hourMs);
}

/**
 * Popularity of one namespace: integer counts by event-time hour, weighted by type and halved with age. Hours are
 * kept, so that one that changes is replaced and not counted twice; sums follow the difference.
 */
export class Popularity {
  readonly #weights: readonly number[];
  readonly #halfLifeHours: number;
  readonly #referenceHour: number;
  readonly #segments = new Interner();
  readonly #items = new Interner();
  readonly #hours = new Map<number, Hour>();
  readonly #sums = new Map<number, Map<number, number>>();
  readonly #changed = new Set<number>();

  /** Scores are relative to `referenceHour`; hours far after it belong into a new object. */
  constructor(settings: NamespaceSettings, referenceHour: number) {
    this.#weights = weightsByType(settings);
    this.#halfLifeHours = settings.popularity_half_life_ms / hourMs;
    this.#referenceHour = referenceHour;
    this.#segments.intern(globalSegment);
  }

  replaceHour(hour: number, rows: readonly CountedItem[]): void {
    const before = this.#hours.get(hour);
    const after = this.#pack(rows);
    if (before ? equal(before, after) : rows.length === 0) return;
    if (before) this.#add(hour, before, -1);
    this.#add(hour, after, 1);
    if (rows.length === 0) this.#hours.delete(hour);
    else this.#hours.set(hour, after);
  }

  has(segment: string): boolean {
    const number = this.#segments.find(segment);
    return number !== undefined && this.#sums.has(number);
  }

  segments(): string[] {
    return Array.from(this.#sums.keys(), (segment) => this.#segments.text(segment));
  }

  /** Segments whose order may have changed since they were last settled; `|` is all together. */
  changed(): string[] {
    return Array.from(this.#changed, (segment) => this.#segments.text(segment));
  }

  settle(segments: Iterable<string>): void {
    for (const segment of segments) this.#changed.delete(this.#segments.intern(segment));
  }

  /** Best first; equal scores in order of item id. */
  top(segment: string, limit: number): PopularItem[] {
    const number = this.#segments.find(segment);
    const sums = number === undefined ? undefined : this.#sums.get(number);
    if (!sums) return [];
    const items = Int32Array.from(sums.keys());
    let most = 0;
    for (const sum of sums.values()) most = Math.max(most, sum);
    const share = (item: number) => Math.fround((sums.get(item) as number) / most);
    const best = (a: number, b: number) => share(b) - share(a) || this.#byText(a, b);
    const wanted = items.filter((item) => (sums.get(item) as number) > dust * Math.max(1, most));
    return Array.from(wanted.subarray(0, selectTop(wanted, wanted.length, limit, best)).sort(best), (item) => ({
      itemId: this.#items.text(item),
      score: share(item),
    }));
  }

  #byText(a: number, b: number): number {
    if (a === b) return 0;
    return this.#items.text(a) < this.#items.text(b) ? -1 : 1;
  }

  #pack(rows: readonly CountedItem[]): Hour {
    return {
      segments: Uint32Array.from(rows, ({ segment }) => this.#segments.intern(segment)),
      items: Uint32Array.from(rows, ({ itemId }) => this.#items.intern(itemId)),
      types: Uint8Array.from(rows, ({ type }) => type),
      counts: Float64Array.from(rows, ({ count }) => count),
    };
  }

  #add(hour: number, { segments, items, types, counts }: Hour, sign: 1 | -1): void {
    const decay = sign * 2 ** ((hour - this.#referenceHour) / this.#halfLifeHours);
    const global = this.#segments.intern(globalSegment);
    counts.forEach((count, i) => {
      const value = decay * count * (this.#weights[types[i] as number] ?? 0);
      const segment = segments[i] as number;
      this.#addTo(segment, items[i] as number, value);
      if (segment !== global) this.#addTo(global, items[i] as number, value);
    });
  }

  #addTo(segment: number, item: number, value: number): void {
    const sums = this.#sums.get(segment) ?? new Map<number, number>();
    this.#sums.set(segment, sums);
    sums.set(item, (sums.get(item) ?? 0) + value);
    this.#changed.add(segment);
  }
}

function equal(a: Hour, b: Hour): boolean {
  return (
    a.counts.length === b.counts.length &&
    a.counts.every((count, i) => count === b.counts[i]) &&
    a.items.every((item, i) => item === b.items[i]) &&
    a.segments.every((segment, i) => segment === b.segments[i]) &&
    a.types.every((type, i) => type === b.types[i])
  );
}
