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
  const catalog = createCatalogReader(resources.database);
  const stage = createEnrichment({ catalog, unknownItems: context.config.FRESHET_UNKNOWN_ITEMS });
  const { interactionRecorded, interactionEnriched } = topics;
  const sources = [interactionRecorded];
  return [stageComponent(context, resources, { stage, sources, target: interactionEnriched, eventIdOf, receivedAtOf })];
}

/** The two stateful stages of one state version; their inputs are independent, so their offsets are too. */
export function aggregationRole(context: ProcessContext, resources: Resources, stateVersion: number): Component[] {
  const { codec, database } = resources;
  const applied = createAppliedEvents();
  const exposures = createExposureLog();
  const aggregation = whenReachable('aggregation', context, async () => {
    const [profile, session] = await Promise.all([
      codec.writer(topics.profileUpdated),
      codec.writer(topics.sessionUpdated),
    ]);
    const deps = { stateVersion, applied, exposures, features: createFeatureStore(), appendOutbox };
    const stage = createAggregation<Tx>({ ...deps, writers: { profile, session } });
    return stageComponent(context, resources, {
      stage,
      sources: [topics.interactionEnriched],
      eventIdOf,
      receivedAtOf,
    });
  });
  const exposure = createExposure<Queryable>({ stateVersion, applied, exposures });
  return [
    aggregation,
    stageComponent(context, resources, {
      stage: exposure,
      sources: [topics.impressionRecorded],
      eventIdOf,
      receivedAtOf,
    }),
    createAppliedEventRotation({ ...context, db: database }),
  ];
}
