import type { ProfileUpdated } from '../../schemas/generated/profile-updated.v1.ts';

export interface ProfileCursor {
  readonly namespace: string;
  readonly userId: string;
}

/** Stored profiles of a version: a walk through all of them, in key order, and look-ups. */
export interface ProfilePages {
  /** The next profiles as their newest records say it; none after the last. Starts without a cursor. */
  after(stateVersion: number, cursor: ProfileCursor | undefined, limit: number): Promise<ProfileUpdated[]>;
  /** The stored profiles of these users, in no order; those who have none are left out. */
  of(stateVersion: number, users: readonly ProfileCursor[]): Promise<ProfileUpdated[]>;
}
