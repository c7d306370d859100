import type { Filter } from '../roles.ts';

/** Not among the tags that the request asks for, or among those it does not want. */
export const tags: Filter = { name: 'tags', removes: (item, { tagsAllow }) => !tagsAllow(item) };

/** Outside of the request's range of prices. */
export const price: Filter = { name: 'price', removes: (item, { priceAllows }) => !priceAllows(item) };
