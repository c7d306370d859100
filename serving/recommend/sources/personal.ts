import type { Source } from '../roles.ts';

/** The list that candidates made from the user's profile. */
export const personal: Source = {
  level: 'personal',
  async candidates({ user }) {
    return user.list?.candidates;
  },
};
