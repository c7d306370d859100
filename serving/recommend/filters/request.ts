import type { Filter } from '../roles.ts';

/** Excluded by the request. */
export const excluded: Filter = {
  name: 'excluded',
  applies: ({ excluded }) => excluded.size > 0,
  removes: (item, { excluded }) => excluded.has(item),
};

/** The item of the latest interaction, where the surface leaves it out. */
export const current: Filter = {
  name: 'current',
  isOfUser: true,
  removes: (item, { settings, current }) => settings.exclude_current && item === current,
};

/** Any item of the session and the recent events, where the surface leaves them out. */
export const seen: Filter = {
  name: 'seen',
  isOfUser: true,
  removes: (item, { settings, seen }) => settings.exclude_seen && seen.has(item),
};
