import { noConstraints } from '../constraints.ts';
import type { HydratedQuery } from '../query.ts';
import type { Filter } from '../roles.ts';

const isConstrained = ({ constraints }: HydratedQuery) => constraints !== noConstraints;

/** Not among the tags that the request asks for, or among those it does not want. */
export const tags: Filter = {
  name: 'tags',
  applies: isConstrained,
  removes: (item, { tagsAllow }) => !tagsAllow(item),
};

/** Outside of the request's range of prices. */
export const price: Filter = {
  name: 'price',
  applies: isConstrained,
  removes: (item, { priceAllows }) => !priceAllows(item),
};
