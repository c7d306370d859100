import { profileKey } from '../../domain/keys.ts';
import { partitionOf } from '../../domain/murmur2.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { ActiveVersions } from '../../stores/active-version.ts';
import type { ProjectionState } from '../../stores/candidate.ts';
import type { ProfileCursor, ProfilePages } from '../../stores/profile-pages.ts';
import type { Overtaken } from './overtaken.ts';
import { createTicker } from './ticker.ts';
import type { UserListWriter } from './user-lists.ts';

export interface ProjectionOptions {
  readonly version: number;
  readonly state: ProjectionState;
  readonly active: ActiveVersions;
  readonly profiles: ProfilePages;
  readonly lists: Pick<UserListWriter, 'write'>;
  readonly overtaken: Overtaken;
  /** Of the profile topic. */
  readonly partitionCount: number;
  ownsPartition(partition: number): boolean;
  /** True once the index is whole. */
  isReady(): boolean;
  /** Lists that belong to no user have to be made again too. */
  onLost(partitions: ReadonlySet<number>): void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Projection {
  readonly component: Component;
  /** One round; the component's tick. */
  refresh(signal?: AbortSignal): Promise<void>;
}

const everyMs = 5_000;
/** As many as are written at once: reading the bodies of more would hold up whatever else runs here. */
const pageSize = 100;

/**
 * Keeps the store's projection whole: says which version is active, and writes everything again whose mark is
 * gone, after a flush or for a new version. A mark stands for one partition, since each process can vouch for
 * its own only.
 */
export function createProjection(options: ProjectionOptions): Projection {
  const { version, state, active, partitionCount, ownsPartition, isReady, onLost, clock, log } = options;

  const projectPage = (partitions: ReadonlySet<number>, after: ProfileCursor | undefined) =>
    options.overtaken.during(async (isOvertaken) => {
      const page = await options.profiles.after(version, after, pageSize);
      const ours = page.filter(({ namespace, userId }) =>
        partitions.has(partitionOf(profileKey(version, namespace, userId), partitionCount)),
      );
      await options.lists.write(ours, (user) => !isOvertaken(user));
      return { cursor: page.at(-1), count: ours.length };
    });
  const project = async (partitions: ReadonlySet<number>, signal?: AbortSignal) => {
    onLost(partitions);
    let users = 0;
    let after: ProfileCursor | undefined;
    do {
      const { cursor, count } = await projectPage(partitions, after);
      after = cursor;
      users += count;
    } while (after !== undefined && signal?.aborted !== true);
    return users;
  };
  /** Redis is looked at first: a promotion in between is then seen, in the table or by the store. */
  const keepActive = async () => {
    const told = await state.active();
    if (told !== version && (await active.current()) === version) await state.assertActive(version, told);
  };
  const refresh = async (signal?: AbortSignal) => {
    await keepActive();
    if (!isReady()) return;
    const owned = Array.from({ length: partitionCount }, (_, i) => i).filter(ownsPartition);
    if (owned.length === 0) return;
    const projected = await state.projected(version);
    if (projected.size === partitionCount) await state.announce(version);
    const lost = new Set(owned.filter((partition) => !projected.has(partition)));
    if (lost.size === 0) return;
    log.info({ version, partitions: lost.size }, 'lists are not in the store, writing them again');
    const attempt = await state.beginProjection(version, lost);
    const users = await project(lost, signal);
    if (signal?.aborted) return;
    for (const partition of lost) await state.markProjected(version, partition, attempt);
    log.info({ version, partitions: lost.size, users }, 'lists are in the store');
  };
  return {
    refresh,
    component: createTicker({ name: `candidates.v${version}.projection`, everyMs, clock, log, tick: refresh }),
  };
}
