import { dayOf } from '../../../pipeline/domain/day.ts';
import type { Filter } from '../roles.ts';

/**
 * Bought in the surface's window, as far as the profile reaches back (its 60 newest) and in the recent events. The day
 * on which a window begins belongs to it.
 */
export const bought: Filter = {
  name: 'bought',
  isOfUser: true,
  applies: ({ settings, owned }) => settings.exclude_bought && owned.bought.size > 0,
  removes(item, { settings, owned, askedAt }) {
    const day = owned.bought.get(item);
    if (day === undefined) return false;
    return settings.exclude_bought_days === null || day >= dayOf(askedAt) - settings.exclude_bought_days;
  },
};

/** Dismissed by the user: no surface shows it. */
export const dismissed: Filter = {
  name: 'dismissed',
  isOfUser: true,
  applies: ({ owned }) => owned.dismissed.size > 0,
  removes: (item, { owned }) => owned.dismissed.has(item),
};

/** In the cart already. */
export const inCart: Filter = {
  name: 'in_cart',
  isOfUser: true,
  applies: ({ settings, owned }) => settings.exclude_in_cart && owned.inCart.size > 0,
  removes: (item, { owned }) => owned.inCart.has(item),
};
