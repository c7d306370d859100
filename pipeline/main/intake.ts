import { topics } from '../../schemas/topics.ts';
import { eventIdOf } from '../domain/intake/identity.ts';
import type { Admission } from '../kernel/admission.ts';
import type { Component } from '../kernel/component.ts';
import { messageOf } from '../kernel/errors.ts';
import { createIntake, isOurFault } from '../stages/ingest/intake.ts';
import { countSubmissions } from '../stages/ingest/intake-results.ts';
import { prepareInteraction } from '../stages/ingest/prepare-event.ts';
import { avroSubmissions, jsonSubmissions, type Submission } from '../stages/ingest/submissions.ts';
import { openDatabase, type Tx } from '../stores/postgres/database.ts';
import { createEventKeyRotation } from '../stores/postgres/event-key-rotation.ts';
import { createEventAppender, ingestSession } from '../stores/postgres/ingest-store.ts';
import { createNamespaceSettings } from '../stores/postgres/namespace-settings.ts';
import { installedTopics, type SubmitDoor } from './installed-topics.ts';
import { whenReachable } from './reachable.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

/** Partitions whose transactions go on side by side: 12,000 events/s with 8 on two busy cores (November 2026). */
const intakeConnections = 8;
/** Past any healthy transaction: a connection that will never answer again is given up, and the slice repeated. */
const transactionTimeoutMs = 20_000;

/**
 * The doors for topics, a consumer group each, so that what comes in by one holds up none of the others. Like the
 * HTTP door they have a pool of their own, for its session settings differ.
 */
export function intakeRole(context: ProcessContext, resources: Resources, admission: Admission): Component[] {
  const { config, clock, log } = context;
  const db = openDatabase({
    url: config.FRESHET_POSTGRES_URL,
    maxConnections: intakeConnections,
    settings: ingestSession,
    queryTimeoutMs: transactionTimeoutMs,
    onIdleError: (error) => log.warn({ error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
  });
  const settings = createNamespaceSettings({ db: resources.database, clock, log });
  const pool: Component = { name: 'intake-connections', start: async () => ({ stop: () => db.close() }) };
  const { doors } = installedTopics(config.FRESHET_SUBMIT_TOPICS);
  const own: Resources = { ...resources, database: db };
  return [
    pool,
    settings.component,
    createEventKeyRotation({ db: resources.database, clock, log }),
    ...doors.map((door) => doorComponent(context, own, { door, settings: settings.source, admission })),
  ];
}

interface DoorOptions {
  readonly door: SubmitDoor;
  readonly settings: ReturnType<typeof createNamespaceSettings>['source'];
  readonly admission: Admission;
}

function doorComponent(context: ProcessContext, resources: Resources, options: DoorOptions): Component {
  const { door, settings, admission } = options;
  const { codec, database } = resources;
  const { name } = door.topic;
  return whenReachable(`intake.${name}`, context, async () => {
    const interaction = await codec.writer(topics.interactionRecorded);
    const stage = createIntake<Tx>({
      topic: door.topic,
      events: createEventAppender(),
      savepoint: database.savepoint,
      prepare: prepareInteraction({ interaction }),
      settings,
      admission,
      clock: context.clock,
    });
    return stageComponent<Submission>(context, resources, {
      stage,
      part: name,
      sources: [door.topic],
      reader: door.format === 'json' ? jsonSubmissions : avroSubmissions(codec.reader(door.topic)),
      eventIdOf: ({ input }) => eventIdOf(input) ?? undefined,
      countsTowardsLimit: isOurFault,
      onCommitted: (outcomes) => countSubmissions(context.metrics, name, outcomes),
    });
  });
}
