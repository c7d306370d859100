import { compareMoments, type Moment } from './moment.ts';

/** One interaction with an item, as sessions and histories keep it. */
export interface Entry extends Moment {
  readonly itemId: string;
  /** Index in `interactionTypes`. */
  readonly type: number;
}

/**
 * Adds an entry to a list that is kept oldest first and holds the newest `cap`. The result depends on
 * the set of entries only, not on the order they come in. Cost: the number of newer entries.
 */
export function insertEntry(entries: Entry[], entry: Entry, cap: number): void {
  let at = entries.length;
  while (at > 0 && compareMoments(entry, entries[at - 1] as Entry) < 0) at -= 1;
  if (at === 0 && entries.length >= cap) return;
  entries.splice(at, 0, entry);
  if (entries.length > cap) entries.splice(0, entries.length - cap);
}

/** The newest `cap` of both lists, oldest first, as a list of its own. */
export function mergeEntries(a: readonly Entry[], b: readonly Entry[], cap: number): Entry[] {
  const all = [...a, ...b];
  const [last, first] = [a.at(-1), b[0]];
  if (last && first && compareMoments(last, first) > 0) all.sort(compareMoments);
  return all.length > cap ? all.slice(-cap) : all;
}
