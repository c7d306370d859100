import type { ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import type { SessionUpdated } from '../../../schemas/generated/session-updated.v1.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import type { BrokerAdmin } from '../../broker/admin.ts';
import type { Codec } from '../../broker/codec.ts';
import type { ConsumerFactory } from '../../broker/consumer.ts';
import type { SessionIndexSettings } from '../../domain/session-index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { StatelessStage } from '../../kernel/stage.ts';
import type { ActiveVersions } from '../../stores/active-version.ts';
import type { ActivityReader } from '../../stores/activity.ts';
import type { CandidateWriter, ProjectionState } from '../../stores/candidate.ts';
import type { ItemNumbers } from '../../stores/item-number.ts';
import type { ProfilePages } from '../../stores/profile-pages.ts';
import type { RefreshQueue } from '../../stores/refresh.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import { createOvertaken } from './overtaken.ts';
import { createPopularLists } from './popular-lists.ts';
import { createProjection } from './projection.ts';
import { createRefreshes } from './refreshes.ts';
import { createSessionFeed } from './session-feed.ts';
import { SessionIndexes } from './session-indexes.ts';
import { createSimilarLists } from './similar-lists.ts';
import { createCandidatesStage } from './stage.ts';
import { createUserListWriter } from './user-lists.ts';

export interface CandidatesOptions {
  readonly version: number;
  readonly topics: {
    readonly profileUpdated: TopicDef<ProfileUpdated>;
    readonly sessionUpdated: TopicDef<SessionUpdated>;
  };
  /** Different at each start of the process. */
  readonly instance: string;
  readonly consumers: ConsumerFactory;
  readonly admin: Pick<BrokerAdmin, 'offsets' | 'deleteGroup'>;
  readonly codec: Pick<Codec, 'reader'>;
  readonly writer: CandidateWriter & ProjectionState;
  readonly itemNumbers: ItemNumbers;
  readonly activity: ActivityReader;
  readonly profiles: ProfilePages;
  readonly active: ActiveVersions;
  readonly refreshQueue: RefreshQueue;
  readonly settings: SettingsSource;
  readonly indexSettings?: SessionIndexSettings;
  /** Whether this process holds that partition of the profile topic now. */
  ownsPartition(partition: number): boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Candidates {
  /** For the runner, which is to be started once `ready` has resolved (see `heldUntil`). */
  readonly stage: StatelessStage<ProfileUpdated>;
  readonly components: readonly Component[];
  /** Resolves once the session index is whole. */
  ready(): Promise<void>;
}

/** Turns profiles, sessions and counts of one state version into the lists that serving reads. */
export function createCandidates(options: CandidatesOptions): Candidates {
  const { version, topics, writer } = options;
  const indexes = new SessionIndexes(options.indexSettings);
  const feed = createSessionFeed({ ...options, topic: topics.sessionUpdated, indexes });
  let isReady = false;
  void feed.ready().then(() => {
    isReady = true;
  });
  const overtaken = createOvertaken();
  const shared = {
    ...options,
    indexes,
    overtaken,
    partitionCount: topics.profileUpdated.partitions,
    isReady: () => isReady,
  };
  const lists = createUserListWriter(shared);
  const similar = createSimilarLists(shared);
  const popular = createPopularLists(shared);
  const projection = createProjection({
    ...shared,
    lists,
    state: writer,
    onLost(partitions) {
      similar.remake(partitions);
      if (partitions.has(0)) popular.forgetWritten();
    },
  });
  const refreshes = createRefreshes({ ...shared, lists, queue: options.refreshQueue });
  indexes.listen(similar);
  indexes.listen(popular);
  return {
    stage: createCandidatesStage({ version, topic: topics.profileUpdated, lists, onUsers: overtaken.onUsers }),
    components: [feed, similar.component, popular.component, projection.component, refreshes],
    ready: feed.ready,
  };
}
