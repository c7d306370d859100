import type { HydratedQuery, Ranked } from '../query.ts';
import type { Pin } from '../rules/compile.ts';
import type { Gate } from './gate.ts';

/** Pins that this answer shows. */
export interface PlacedPins {
  readonly onPage: number;
  readonly items: readonly number[];
  /** Puts each at exactly its position among the others; one behind the end of the answer is not shown. */
  interleave(
    others: readonly Ranked[],
    limit: number,
  ): { readonly items: readonly Ranked[]; readonly over: readonly number[] };
}

/**
 * Takes the pins of this page and keeps those of later pages out of it. A pin has to pass every filter and the
 * caps like any item; the position of one that does not goes to whatever ranks next.
 */
export function placePins({ rules, page, limit }: HydratedQuery, gate: Gate): PlacedPins {
  const offset = page?.offset ?? 0;
  const here = new Map<number, Pin>();
  for (const pin of rules.pins) {
    const { item, position } = pin;
    if (position <= offset || gate.placeOf(item) !== undefined) continue;
    if (position > offset + limit) gate.exclude(item);
    else if (gate.admits(item, 'personal') && gate.fits(item, 'personal')) {
      gate.take(item, -1);
      here.set(position - offset, pin);
    }
  }
  return {
    onPage: here.size,
    items: Array.from(here.values(), ({ item }) => item),
    interleave(others, length) {
      if (here.size === 0) return { items: others, over: [] };
      const items: Ranked[] = [];
      let next = 0;
      for (let position = 1; position <= length; position += 1) {
        const pin = here.get(position);
        const other = others[next];
        if (pin !== undefined) items.push(pinned(pin, items.at(-1) ?? other));
        else if (other === undefined) break;
        else {
          items.push(other);
          next += 1;
        }
      }
      return { items, over: others.slice(next).map(({ item }) => item) };
    },
  };
}

/** Takes the score of its neighbour, as scores fall along the list. */
const pinned = ({ item, rule }: Pin, beside: Ranked | undefined): Ranked => ({
  item,
  score: beside?.score ?? 0,
  level: beside?.level ?? 'personal',
  sources: 0,
  because: 0,
  rule,
});
