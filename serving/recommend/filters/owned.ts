import type { Filter } from '../roles.ts';

/** Bought, as far as the profile reaches back (its 60 newest) and in the recent events; surfaces may show it again. */
export const bought: Filter = {
  name: 'bought',
  removes: (item, { rules, owned }) => rules.exclude_bought && owned.bought.has(item),
};

/** Dismissed by the user: no surface shows it. */
export const dismissed: Filter = {
  name: 'dismissed',
  removes: (item, { owned }) => owned.dismissed.has(item),
};

/** In the cart already. */
export const inCart: Filter = {
  name: 'in_cart',
  removes: (item, { rules, owned }) => rules.exclude_in_cart && owned.inCart.has(item),
};
