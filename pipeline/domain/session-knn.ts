import type { Postings } from './postings.ts';
import { selectTop } from './select-top.ts';
import { matchWeight, positionWeights, type SessionScoring } from './session-scoring.ts';
import type { SessionSlots } from './session-slots.ts';

/** A query in numbers: items oldest first, -1 for one that no session has. */
export interface KnnQuery {
  readonly window: readonly number[];
  readonly recentSessions: number;
  readonly neighbours: number;
  readonly limit: number;
  readonly excludeItem: number | undefined;
  readonly excludeSlot: number | undefined;
  readonly scoring: SessionScoring;
  /** Last event of the newest session: what the age of the others is measured from. */
  readonly newestAt: number;
}

/** Nearest sessions, nearest first, and what each of them weighs in all. */
interface Neighbours {
  readonly slots: Int32Array;
  readonly weights: Float64Array;
  readonly decay: Float64Array;
}

export interface KnnResult {
  readonly item: number;
  readonly score: number;
  /** The window's item that gave most of the score. */
  readonly because: number;
}

/** Longest window: matches are kept as bits of an int32. */
export const windowLimit = 30;

/**
 * Vector-multiplication-indexed session kNN (Kersbergen et al., SIGMOD 2022, doi 10.1145/3514221.3517901).
 * Sessions that share items with the window are summed up by position decay, the `recentSessions` newest
 * of them compete, the `neighbours` most similar give their items weight · rarity · similarity.
 * All orders are total and independent of slot numbers, so equal content gives equal lists on every process.
 */
export class SessionKnn {
  readonly #slots: SessionSlots;
  readonly #postings: Postings;
  #similarity = new Float64Array(0);
  #matches = new Int32Array(0);
  #touched = new Int32Array(0);
  #score = new Float64Array(0);
  #rarity = new Float64Array(0);
  #rank = new Int32Array(0);
  #scored = new Int32Array(0);

  constructor(slots: SessionSlots, postings: Postings) {
    this.#slots = slots;
    this.#postings = postings;
  }

  find(query: KnnQuery, itemCapacity: number): KnnResult[] {
    this.#reserve(itemCapacity);
    const decay = positionWeights(query.window, query.scoring.positionDecay);
    const touchedCount = this.#touch(query, decay);
    const slots = this.#select(query, touchedCount);
    const weights = Float64Array.from(slots, (slot) => this.#weight(query, slot));
    const neighbours = { slots, weights, decay };
    const top = this.#scoreItems(query, neighbours);
    const because = this.#because(query, neighbours, top);
    for (let i = 0; i < touchedCount; i += 1) this.#matches[this.#touched[i] as number] = 0;
    return Array.from(top, (item, i) => ({ item, score: this.#score[item] as number, because: because[i] as number }));
  }

  /** Adds up the similarity of every session that shares an item; answers how many were touched. */
  #touch({ window, recentSessions, excludeSlot }: KnnQuery, decay: Float64Array): number {
    let count = 0;
    for (let position = 0; position < window.length; position += 1) {
      const weight = decay[position] as number;
      if (weight === 0) continue;
      const list = this.#postings.of(window[window.length - 1 - position] as number);
      const oldest = Math.max(0, list.length - recentSessions);
      for (let i = list.length - 1; i >= oldest; i -= 1) {
        const slot = list[i] as number;
        if (slot === excludeSlot) continue;
        if (this.#matches[slot] === 0) {
          this.#similarity[slot] = 0;
          this.#touched[count++] = slot;
        }
        this.#similarity[slot] = (this.#similarity[slot] as number) + weight;
        this.#matches[slot] = (this.#matches[slot] as number) | (1 << position);
      }
    }
    return count;
  }

  /** The nearest of the newest, nearest first. */
  #select({ recentSessions, neighbours }: KnnQuery, touchedCount: number): Int32Array {
    const { byRecency } = this.#slots;
    const similarity = this.#similarity;
    const nearest = (a: number, b: number) => (similarity[b] as number) - (similarity[a] as number) || byRecency(a, b);
    const candidates = this.#touched.slice(0, touchedCount);
    const newest = selectTop(candidates, touchedCount, recentSessions, byRecency);
    const nearestCount = selectTop(candidates, newest, neighbours, nearest);
    return candidates.subarray(0, nearestCount).sort(nearest);
  }

  /** What one unit of similarity of this neighbour is worth. */
  #weight({ scoring, newestAt }: KnnQuery, slot: number): number {
    const matches = this.#matches[slot] as number;
    const latest = 32 - Math.clz32(matches & -matches);
    const age = 2 ** ((this.#slots.lastAt(slot) - newestAt) / scoring.halfLifeMs);
    return (matchWeight(latest) * age) / this.#slots.items(slot).length ** scoring.lengthExponent;
  }

  /** Scores the neighbours' items; answers the best of them, best first, equal scores in order of appearance. */
  #scoreItems({ limit, excludeItem, scoring }: KnnQuery, { slots, weights }: Neighbours): Int32Array {
    const score = this.#score;
    let count = 0;
    slots.forEach((slot, i) => {
      const worth = (weights[i] as number) * (this.#similarity[slot] as number);
      if (worth <= 0) return;
      for (const item of this.#slots.items(slot)) {
        if (item === excludeItem) continue;
        if (this.#rank[item] === 0) {
          score[item] = 0;
          this.#rarity[item] = Math.log(this.#slots.size / this.#postings.count(item)) ** scoring.rarityExponent;
          this.#scored[count++] = item;
          this.#rank[item] = count;
        }
        score[item] = (score[item] as number) + worth * (this.#rarity[item] as number);
      }
    });
    const best = (a: number, b: number) =>
      (score[b] as number) - (score[a] as number) || (this.#rank[a] as number) - (this.#rank[b] as number);
    const all = this.#scored.slice(0, count);
    const top = all.subarray(0, selectTop(all, count, limit, best)).sort(best);
    for (const item of this.#scored.subarray(0, count)) this.#rank[item] = 0;
    return top;
  }

  /** Splits each result's score by the window positions that made its sessions neighbours; answers the greatest. */
  #because({ window }: KnnQuery, { slots, weights, decay }: Neighbours, top: Int32Array): number[] {
    const width = window.length;
    const shares = new Float64Array(top.length * width);
    top.forEach((item, i) => {
      this.#rank[item] = i + 1;
    });
    slots.forEach((slot, i) => {
      const weight = weights[i] as number;
      for (const item of this.#slots.items(slot)) {
        const row = ((this.#rank[item] as number) - 1) * width;
        if (row < 0) continue;
        for (let bits = this.#matches[slot] as number; bits !== 0; bits &= bits - 1) {
          const position = 31 - Math.clz32(bits & -bits);
          shares[row + position] = (shares[row + position] as number) + weight * (decay[position] as number);
        }
      }
    });
    return Array.from(top, (item, i) => {
      this.#rank[item] = 0;
      const row = shares.subarray(i * width, (i + 1) * width);
      const position = row.indexOf(row.reduce((most, share) => Math.max(most, share), 0));
      return window[width - 1 - position] as number;
    });
  }

  #reserve(itemCapacity: number): void {
    if (this.#matches.length < this.#slots.capacity) {
      const length = Math.max(1_024, this.#slots.capacity * 2);
      this.#similarity = new Float64Array(length);
      this.#matches = new Int32Array(length);
      this.#touched = new Int32Array(length);
    }
    if (this.#rank.length < itemCapacity) {
      const length = Math.max(1_024, itemCapacity * 2);
      this.#score = new Float64Array(length);
      this.#rarity = new Float64Array(length);
      this.#rank = new Int32Array(length);
      this.#scored = new Int32Array(length);
    }
  }
}
