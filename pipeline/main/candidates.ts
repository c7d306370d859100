import { topics } from '../../schemas/topics.ts';
import type { Component } from '../kernel/component.ts';
import type { RunnerStatus } from '../kernel/runner/options.ts';
import { createCandidates } from '../stages/candidates/candidates.ts';
import { heldUntil } from '../stages/candidates/held-until.ts';
import { createActiveVersions } from '../stores/postgres/active-version.ts';
import { createActivityReader } from '../stores/postgres/activity-reader.ts';
import { createItemNumbers } from '../stores/postgres/item-numbers.ts';
import { createNamespaceSettings } from '../stores/postgres/namespace-settings.ts';
import { createProfilePages } from '../stores/postgres/profile-pages.ts';
import { createStateVersions } from '../stores/postgres/state-versions.ts';
import { createCandidateWriter } from '../stores/redis/candidate-writer.ts';
import { createRefreshQueue } from '../stores/redis/refresh-queue.ts';
import { announced } from './announced.ts';
import { perVersion } from './per-version.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

/** Lists of each state version. */
export function candidatesRole(context: ProcessContext, resources: Resources): Component[] {
  return [
    perVersion(context, {
      name: 'candidates',
      versions: createStateVersions(resources.database),
      make: (own, { version }) => candidatesOf(own, resources, version),
    }),
  ];
}

/** The profile group is joined once the session index is whole. */
function candidatesOf(context: ProcessContext, resources: Resources, version: number): Component[] {
  const { database, redis } = resources;
  const { clock, log } = context;
  let status: (() => RunnerStatus) | undefined;
  const watched: ProcessContext = {
    ...context,
    onStage: (name, of) => {
      status = of;
      context.onStage(name, of);
    },
  };
  const settings = createNamespaceSettings({ db: database, clock, log });
  const candidates = createCandidates({
    ...context,
    ...resources,
    version,
    topics,
    writer: createCandidateWriter(redis),
    itemNumbers: createItemNumbers({ db: database, monotonic: clock.monotonic }),
    activity: createActivityReader(database),
    profiles: createProfilePages(database),
    active: createActiveVersions(database),
    refreshQueue: createRefreshQueue(redis),
    settings: settings.source,
    ownsPartition: (partition) => status?.().partitions.some((one) => one.partition === partition) ?? false,
  });
  const stage = stageComponent(watched, resources, {
    stage: candidates.stage,
    sources: [topics.profileUpdated],
    eventIdOf: ({ lastEvent }) => lastEvent.eventId,
    receivedAtOf: ({ lastEvent }) => lastEvent.receivedAt,
  });
  const held = announced(watched, { stage: candidates.stage }, heldUntil(candidates.ready, stage));
  return [settings.component, ...candidates.components, held];
}
