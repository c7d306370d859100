import type { InteractionSubmitted } from '../../schemas/generated/interaction-submitted.v1.ts';

/** A record for the Avro door: a click with nothing but what every event has, and what is given. */
export const submitted = (eventId: string, fields: Partial<InteractionSubmitted> = {}): InteractionSubmitted => ({
  eventId,
  namespace: 'shop',
  userId: 'u',
  anonymous: false,
  sessionId: null,
  requestId: null,
  itemId: 'i',
  type: 'click',
  value: null,
  occurredAt: null,
  consent: null,
  context: null,
  commerce: null,
  order: null,
  watch: null,
  properties: {},
  trace: null,
  ...fields,
});

/** Every part of a context, empty. */
export const nowhere: NonNullable<InteractionSubmitted['context']> = {
  surface: null,
  widget: null,
  rank: null,
  recommended: null,
  referrer: null,
  href: null,
  text: null,
  experiment: null,
  abBucket: null,
  kind: null,
};
