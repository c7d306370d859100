import { createCaps } from '../constraints.ts';
import type { FallbackLevel } from '../fallback-level.ts';
import type { HydratedQuery, Removal } from '../query.ts';
import type { Filter } from '../roles.ts';

/** Decides about single items, and remembers what it decided. */
export interface Gate {
  readonly removed: readonly Removal[];
  /** Index of an item that was taken, -1 for one that is decided about otherwise, undefined before. */
  placeOf(item: number): number | undefined;
  /** Asks every filter; what one removes is removed for all rungs, with its reason. */
  admits(item: number, level: FallbackLevel): boolean;
  /** The same without a trace. */
  allows(item: number): boolean;
  /** Whether what is known of the user removes it: a later page may be made while nothing is known of him. */
  isAgainstUser(item: number): boolean;
  /** Whether caps and the one-a-parent rule have room; asked in the moment of taking. */
  fits(item: number, level: FallbackLevel): boolean;
  take(item: number, place: number): void;
  /** Not to be shown here, and not for a filter's reason: shown on an earlier page, or pinned to a later one. */
  exclude(item: number): void;
}

export function createGate(query: HydratedQuery, filters: readonly Filter[]): Gate {
  const { items, settings, constraints } = query;
  const active = filters.filter((one) => one.applies?.(query) !== false);
  const ofUser = active.filter((one) => one.isOfUser === true);
  const removed: Removal[] = [];
  const places = new Map<number, number>();
  const families = settings.one_per_parent ? new Set<number>() : undefined;
  const caps = createCaps(
    {
      perBrand: Math.min(constraints.perBrand, settings.max_per_brand ?? Number.POSITIVE_INFINITY),
      perCategory: Math.min(constraints.perCategory, settings.max_per_category ?? Number.POSITIVE_INFINITY),
    },
    items,
  );
  const remove = (item: number, level: FallbackLevel, filter: string) => {
    removed.push({ item, level, filter });
    return false;
  };
  return {
    removed,
    placeOf: (item) => places.get(item),
    admits(item, level) {
      const why = active.find((one) => one.removes(item, query))?.name;
      if (why === undefined) return true;
      places.set(item, -1); // a later rung need not ask again
      return remove(item, level, why);
    },
    allows: (item) => !active.some((one) => one.removes(item, query)),
    isAgainstUser: (item) => ofUser.some((one) => one.removes(item, query)),
    fits(item, level) {
      if (families?.has(items.familyOf(item))) {
        places.set(item, -1);
        return remove(item, level, 'same_parent');
      }
      const full = caps.full(item);
      return full === undefined || remove(item, level, full);
    },
    take(item, place) {
      places.set(item, place);
      families?.add(items.familyOf(item));
      caps.add(item);
    },
    exclude(item) {
      places.set(item, -1);
      families?.add(items.familyOf(item));
    },
  };
}
