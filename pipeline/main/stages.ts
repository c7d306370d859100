import { topics } from '../../schemas/topics.ts';
import type { Component } from '../kernel/component.ts';
import { createAggregation } from '../stages/aggregation/aggregation.ts';
import { createExposure } from '../stages/aggregation/exposure.ts';
import { createEnrichment } from '../stages/enrichment/enrichment.ts';
import { createAppliedEvents } from '../stores/postgres/applied-event.ts';
import { createAppliedEventRotation } from '../stores/postgres/applied-event-rotation.ts';
import { createCatalogReader } from '../stores/postgres/catalog-reader.ts';
import type { Queryable, Tx } from '../stores/postgres/database.ts';
import { createExposureLog } from '../stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../stores/postgres/feature-store.ts';
import { appendOutbox } from '../stores/postgres/outbox-append.ts';
import { createStateVersions } from '../stores/postgres/state-versions.ts';
import type { StateVersion } from '../stores/state-version.ts';
import { enrichedInside } from './enriched-inside.ts';
import { perVersion } from './per-version.ts';
import { whenReachable } from './reachable.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

interface Event {
  readonly eventId: string;
  readonly receivedAt: number;
}
const eventIdOf = ({ eventId }: Event) => eventId;
const receivedAtOf = ({ receivedAt }: Event) => receivedAt;

export function enrichmentRole(context: ProcessContext, resources: Resources): Component[] {
  const { interactionRecorded, interactionEnriched } = topics;
  const stage = enrichmentOf(context, resources);
  const sources = [interactionRecorded];
  return [stageComponent(context, resources, { stage, sources, target: interactionEnriched, eventIdOf, receivedAtOf })];
}

function enrichmentOf({ config }: ProcessContext, { database }: Resources) {
  return createEnrichment({ catalog: createCatalogReader(database), unknownItems: config.FRESHET_UNKNOWN_ITEMS });
}

/** The two stateful stages of each state version, and the rotation that all versions share. */
export function aggregationRole(context: ProcessContext, resources: Resources): Component[] {
  const { database } = resources;
  return [
    createAppliedEventRotation({ ...context, db: database }),
    perVersion(context, {
      name: 'aggregation',
      versions: createStateVersions(database),
      make: (own, version, rate) => aggregationOf(own, resources, { version, rate }),
    }),
  ];
}

interface VersionOptions {
  readonly version: StateVersion;
  readonly rate: () => number | null;
}

/** Their inputs are independent, so their offsets are too. */
function aggregationOf(context: ProcessContext, resources: Resources, { version, rate }: VersionOptions): Component[] {
  const { version: stateVersion } = version;
  const { codec } = resources;
  const applied = createAppliedEvents();
  const exposures = createExposureLog();
  const shared = { eventIdOf, receivedAtOf, rate };
  const aggregation = whenReachable(`aggregation.v${stateVersion}`, context, async () => {
    const [profile, session] = await Promise.all([
      codec.writer(topics.profileUpdated),
      codec.writer(topics.sessionUpdated),
    ]);
    const deps = { stateVersion, applied, exposures, features: createFeatureStore(), appendOutbox };
    const stage = createAggregation<Tx>({ ...deps, writers: { profile, session } });
    return version.source === 'enriched'
      ? stageComponent(context, resources, { ...shared, stage, sources: [topics.interactionEnriched] })
      : stageComponent(context, resources, {
          ...shared,
          stage: enrichedInside(stage, enrichmentOf(context, resources)),
          sources: [topics.interactionRecorded],
        });
  });
  const exposure = createExposure<Queryable>({ stateVersion, applied, exposures });
  return [
    aggregation,
    stageComponent(context, resources, { ...shared, stage: exposure, sources: [topics.impressionRecorded] }),
  ];
}
