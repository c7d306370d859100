import type { StateSettings } from '../domain/feature/settings.ts';

/** What a version's aggregation reads: enriched interactions, or recorded ones that it enriches by itself. */
export type StateSource = 'enriched' | 'recorded';

/** One version of derived state; all but the first are made by a rebuild. */
export interface StateVersion {
  readonly version: number;
  readonly settings: StateSettings;
  readonly source: StateSource;
  /** The consumer group id of the processes that work on it; null where every other process does. */
  readonly groupId: string | null;
  /** Most events a second, all its processes together; null for no limit. */
  readonly rate: number | null;
  /** Lists are answered from it. */
  readonly isActive: boolean;
}

/** Throws TransientError while the store is away. */
export interface StateVersions {
  /** Those that are worked on, lowest first: neither retired nor about to be. */
  running(): Promise<readonly StateVersion[]>;
}

/**
 * Whether a process works on a version. Processes without a group id of their own work on every version that has none,
 * and on the active one whatever it is called: whoever built it may be gone by then.
 */
export function worksOn(groupId: string | undefined, version: Pick<StateVersion, 'groupId' | 'isActive'>): boolean {
  return groupId === undefined ? version.groupId === null || version.isActive : version.groupId === groupId;
}
