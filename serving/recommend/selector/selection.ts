import type { FallbackLevel } from '../fallback-level.ts';
import type { Candidate, HydratedQuery, Ranked, Removal } from '../query.ts';
import type { Filter } from '../roles.ts';
import { createDiversity } from './diversity.ts';
import { withFresh } from './fresh.ts';
import { createGate } from './gate.ts';
import { placePins } from './pins.ts';

/** What an answer shows, and what is left of the candidates for the pages after it. */
export interface Chosen {
  readonly items: readonly Ranked[];
  /** Item numbers that were not shown, in the order in which later pages look at them. */
  readonly rest: readonly number[];
  readonly removed: readonly Removal[];
}

/**
 * The items of one answer, rung by rung. `admit` is the only way in, and it asks every filter; so what a filter
 * holds back, no rung, pin or fresh slot can show.
 */
export interface Selection {
  /** How many items better rungs have put in. */
  count(): number;
  isFull(): boolean;
  /** How many candidates are left for later pages. */
  left(): number;
  /** Level of the first rung that got an item in. */
  bestLevel(): FallbackLevel | undefined;
  /** Candidates of one rung, best first: boosted, filtered, made diverse, until the answer is full. */
  offer(candidates: readonly Candidate[], level: FallbackLevel): void;
  finish(): Chosen;
}

/** Candidates that diversity looks at, as multiples of the answer's length: those behind are much less relevant. */
const depth = 3;

type Kept = Ranked & { sources: number };

export function createSelection(query: HydratedQuery, filters: readonly Filter[]): Selection {
  const { limit, page, rules, settings, items } = query;
  const gate = createGate(query, filters);
  for (const item of page?.shown ?? []) gate.exclude(item);
  const pins = placePins(query, gate);
  const wanted = limit - pins.onPage;
  const diversity = settings.diversity > 0 ? createDiversity(items, settings.diversity) : undefined;
  for (const item of pins.items) diversity?.note(item);
  const kept: Kept[] = [];
  const rest = new Set<number>();
  const leave = (item: number) => {
    if (gate.placeOf(item) === undefined && !gate.isAgainstUser(item)) rest.add(item);
  };
  // What a page was cut from was boosted when its list began.
  const isBoosted = rules.hasBoosts && page === undefined;

  const keep = (candidate: Candidate, level: FallbackLevel) => {
    gate.take(candidate.item, kept.length);
    kept.push({ ...candidate, level });
  };
  /** False where it may not be shown here. An item offered twice keeps its first place and gains the sources. */
  const passes = (candidate: Candidate, level: FallbackLevel): boolean => {
    const place = gate.placeOf(candidate.item);
    if (place === undefined) return gate.admits(candidate.item, level);
    const former = kept[place];
    if (former) former.sources |= candidate.sources;
    return false;
  };
  const takeInOrder = (candidates: readonly Candidate[], level: FallbackLevel) => {
    for (const candidate of candidates) {
      if (kept.length >= wanted) leave(candidate.item);
      else if (!passes(candidate, level)) continue;
      else if (gate.fits(candidate.item, level)) keep(candidate, level);
      else leave(candidate.item);
    }
  };
  return {
    // Methods, not accessors: see `RequestRounds`.
    count: () => kept.length,
    left: () => rest.size,
    isFull: () => kept.length >= wanted,
    bestLevel: () => kept[0]?.level,
    offer(offered, level) {
      // A remembered answer was boosted when it was made.
      const ordered = isBoosted && level !== 'last_known_good' ? boosted(offered, query) : offered;
      if (diversity === undefined) return takeInOrder(ordered, level);
      const eligible: Candidate[] = [];
      let at = 0;
      for (; at < ordered.length && eligible.length < depth * limit; at += 1) {
        const candidate = ordered[at] as Candidate;
        if (passes(candidate, level)) eligible.push(candidate);
      }
      const accepts = (candidate: Candidate) => {
        const fits = gate.fits(candidate.item, level);
        if (fits) keep(candidate, level);
        return fits;
      };
      const left = diversity.choose(eligible, { accepts, most: wanted - kept.length });
      for (const { item } of left) leave(item);
      takeInOrder(at === 0 ? ordered : ordered.slice(at), level);
    },
    finish() {
      const { shown, back } = withFresh(query, gate, { kept, wanted });
      const { items: all, over } = pins.interleave(shown, limit);
      const open = [...rest].filter((item) => gate.placeOf(item) === undefined);
      return { items: all, rest: [...over, ...back, ...open], removed: gate.removed };
    },
  };
}

function boosted(candidates: readonly Candidate[], { rules }: HydratedQuery): readonly Candidate[] {
  return candidates
    .map((candidate) => ({ ...candidate, score: candidate.score * rules.factorOf(candidate.item) }))
    .sort((a, b) => b.score - a.score);
}
