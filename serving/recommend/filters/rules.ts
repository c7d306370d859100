import type { Filter } from '../roles.ts';

/** Blocked by a rule. */
export const blocked: Filter = {
  name: 'blocked',
  applies: ({ rules }) => rules.ids.length > 0,
  removes: (item, { rules }) => rules.blockedBy(item) !== undefined,
};

/** Not named by any of the whitelists that apply. */
export const listed: Filter = {
  name: 'not_whitelisted',
  applies: ({ rules }) => rules.ids.length > 0,
  removes: (item, { rules }) => !rules.isListed(item),
};
