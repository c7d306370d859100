import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import type { Release } from '../support/release.ts';
import type { Workspace } from '../support/workspace.ts';

/** The event of chapters 2 to 5: a shopper has written a review. */
export const reviewTopic = 'engagement.review.written.v1';

/** Chapter 2: one command enters the event and its topic. */
export async function addReviewEvent(work: Release): Promise<string> {
  const { code, output } = await work.freshet([
    ...['schemas', 'new', 'engagement.review.written', '--doc', 'A shopper has written a review.'],
    ...['--field', 'item_id:string!', '--field-doc', 'Item that the review is about.'],
    ...['--field', 'stars:int!', '--field-doc', 'One to five stars.'],
    ...['--producers', 'review-service', '--consumers', 'reviews'],
    ...['--retention-days', '30', '--because', 'A month to mend the stage and read it again.'],
  ]);
  expect(code, output).toBe(0);
  const recorded = await work.freshet(['schemas', 'record']);
  expect(recorded.code, recorded.output).toBe(0);
  return output;
}

/** Tables are there; schemas and topics follow from the release. */
export async function install(work: Release, { env }: Workspace): Promise<void> {
  for (const what of ['schemas', 'topics']) {
    const { code, output } = await work.freshet([what, 'apply'], env);
    expect(code, output).toBe(0);
  }
}

export interface Review {
  readonly event_id: string;
  readonly user_id: string;
  readonly item_id: string;
  readonly stars: number;
}

/** What a service of somebody else does: it knows the broker, the registry and the subject, and nothing of Freshet. */
export async function publishReviews({ config }: Workspace, reviews: readonly Review[]): Promise<void> {
  const registry = new SchemaRegistry({ host: config.FRESHET_REGISTRY_URL });
  const id = await registry.getLatestSchemaId(`${reviewTopic}-value`);
  const values = reviews.map((review) => ({ ...review, namespace: 'shop', occurred_at: Date.now() }));
  const kafka = new Kafka({ brokers: config.FRESHET_KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  try {
    const encoded = values.map(async (value) => {
      return { key: `shop|${value.user_id}`, value: await registry.encode(id, value) };
    });
    const topic = `${config.FRESHET_KAFKA_TOPIC_PREFIX}${reviewTopic}`;
    await producer.send({ topic, messages: await Promise.all(encoded) });
  } finally {
    await producer.disconnect();
  }
}

/** Chapter 3: the whole stage. It takes no port, commits nothing and logs nothing: the runner does. */
const stage = `import type { InteractionSubmitted } from '../../../schemas/generated/interaction-submitted.v1.ts';
import type { ReviewWritten } from '../../../schemas/generated/review-written.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { userKey } from '../../domain/keys.ts';
import { deadLetter, emit, type Outcome, skip } from '../../kernel/outcome.ts';
import type { Delivery, StatelessStage } from '../../kernel/stage.ts';

const fewestStars = 4;

/** Makes a like of each good review, so that it counts in lists. */
export function createReviews(): StatelessStage<ReviewWritten, InteractionSubmitted> {
  return {
    kind: 'stateless',
    name: 'reviews',
    consumes: [topics.reviewWritten],
    produces: topics.interactionSubmitted,
    stateVersion: 0,
    handle: async (batch) => batch.map(liked),
  };
}

function liked({ value }: Delivery<ReviewWritten>): Outcome<InteractionSubmitted> {
  if (value === null) return skip('tombstone');
  const { eventId, namespace, userId, itemId, stars, occurredAt } = value;
  if (stars < 1 || stars > 5) return deadLetter('invalid', 'stars is outside of 1 to 5');
  if (stars < fewestStars) return skip('not_liked');
  const unknown = { sessionId: null, requestId: null, value: null, consent: null, context: null, trace: null };
  const none = { commerce: null, order: null, watch: null, anonymous: false, properties: {} };
  const like = { ...unknown, ...none, eventId, namespace, userId, itemId, occurredAt, type: 'like' as const };
  return emit({ key: userKey(namespace, userId), value: like, eventId, occurredAt });
}
`;

const role = `import { topics } from '../../schemas/topics.ts';
import type { Component } from '../kernel/component.ts';
import { createReviews } from '../stages/reviews/reviews.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

export function reviewsRole(context: ProcessContext, resources: Resources): Component[] {
  return [
    stageComponent(context, resources, {
      stage: createReviews(),
      sources: [topics.reviewWritten],
      target: topics.interactionSubmitted,
      eventIdOf: ({ eventId }) => eventId,
    }),
  ];
}
`;

/** The stage, its role, and the three lines that make the role known. */
export function addReviewStage(work: Release): void {
  work.write('pipeline/stages/reviews/reviews.ts', stage);
  work.write('pipeline/main/reviews.ts', role);
  work.edit('pipeline/main.ts', "  | 'dlq-index';", "  | 'dlq-index'\n  | 'reviews';");
  const last =
    "    intake: async () => (await import('./main/intake.ts')).intakeRole(context, resources, admission),\n";
  const mine = "    reviews: async () => (await import('./main/reviews.ts')).reviewsRole(context, resources),\n";
  work.edit('pipeline/main.ts', last, last + mine);
  work.edit('ops/process/roles.ts', "  'admin',\n", "  'admin',\n  'reviews',\n");
  // The topic that it writes to names it among its producers.
  work.edit('schemas/topics.ts', "producers: ['client'],", "producers: ['client', 'reviews'],");
}
