import type { ProfileUpdated } from '../../schemas/generated/profile-updated.v1.ts';

export interface ProfileCursor {
  readonly namespace: string;
  readonly userId: string;
}

/** Walks through all stored profiles of a version, in key order. */
export interface ProfilePages {
  /** The next profiles as their newest records say it; none after the last. Starts without a cursor. */
  after(stateVersion: number, cursor: ProfileCursor | undefined, limit: number): Promise<ProfileUpdated[]>;
}
