import { userKey } from '../../../../../pipeline/domain/keys.ts';
import type { Delivery } from '../../../../../pipeline/kernel/stage.ts';
import type { InteractionEnriched } from '../../../../../schemas/generated/interaction-enriched.v1.ts';

/** An interaction under full consent on no surface in particular, with what the test says. */
export function interaction(fields: Partial<InteractionEnriched> & { eventId: string }): InteractionEnriched {
  const occurredAt = fields.occurredAt ?? 1_700_000_000_000;
  return {
    namespace: 'default',
    userId: 'u1',
    anonymous: false,
    sessionId: null,
    requestId: null,
    itemId: 'i1',
    type: 'click',
    value: null,
    occurredAt,
    receivedAt: occurredAt,
    consent: 'full',
    context: null,
    commerce: null,
    order: null,
    watch: null,
    properties: {},
    trace: null,
    itemKnown: true,
    tags: [],
    locale: null,
    segment: '|',
    ...fields,
  };
}

export function context(fields: Partial<NonNullable<InteractionEnriched['context']>>) {
  const none = { surface: null, widget: null, rank: null, recommended: null, referrer: null };
  return { ...none, href: null, text: null, experiment: null, abBucket: null, kind: null, ...fields };
}

/** Deliveries of one partition in the given order, offsets from `from` on. */
export function deliveries(
  values: readonly InteractionEnriched[],
  from = 0,
  partition = 0,
): Delivery<InteractionEnriched>[] {
  return values.map((value, i) => ({
    topic: 'engagement.interaction.enriched.v1',
    partition,
    offset: BigInt(from + i),
    key: userKey(value.namespace, value.userId),
    value,
    timestampMs: value.receivedAt,
  }));
}
