import type { HydratedQuery } from '../query.ts';
import type { Filter } from '../roles.ts';

/** What these filters look at; lists without a user have it, too. */
export type CatalogueMoment = Pick<HydratedQuery, 'items' | 'askedAt'>;

/** Numbers this process knows no item for, yet. */
export const unknown: Filter<CatalogueMoment> = {
  name: 'unknown',
  removes: (item, { items }) => items.idOf(item) === undefined,
};

/** Unavailable, hidden or deleted. */
export const unavailable: Filter<CatalogueMoment> = {
  name: 'unavailable',
  removes: (item, { items }) => !items.isAvailable(item),
};

/** Archived by the time of the request, though the catalogue said so earlier. */
export const archived: Filter<CatalogueMoment> = {
  name: 'archived',
  removes: (item, { items, askedAt }) => items.archivedAt(item) <= askedAt,
};

export const catalogueFilters = [unknown, unavailable, archived] as const;
