import type { Context, InteractionSubmitted } from '../../../schemas/generated/interaction-submitted.v1.ts';

/** Numbers below this are seconds to whoever reads an instant as HTTP writes it. */
const readAsMillisecondsFrom = 1e11;

/** A `timestamp-millis` never means seconds, so early ones are written out. */
const instantOf = (ms: number | null): unknown =>
  ms !== null && Math.abs(ms) < readAsMillisecondsFrom ? new Date(ms).toISOString() : ms;

const contextOf = ({ abBucket: ab_bucket, ...context }: Context) => ({ ...context, ab_bucket });

const orderOf = ({ orderId: order_id, total, currency, items }: NonNullable<InteractionSubmitted['order']>) => ({
  order_id,
  total,
  currency,
  items: items.map(({ itemId: item_id, quantity, unitPrice: unit_price }) => ({ item_id, quantity, unit_price })),
});

const commerceOf = ({
  cartId: cart_id,
  orderId: order_id,
  unitPrice: unit_price,
  currency,
}: NonNullable<InteractionSubmitted['commerce']>) => ({ cart_id, order_id, unit_price, currency });

const watchOf = ({ durationMs: duration_ms, completion }: NonNullable<InteractionSubmitted['watch']>) => ({
  duration_ms,
  completion,
});

/** A submitted record as the JSON that HTTP would have brought, so that one parser judges both. */
export function submittedInput(value: InteractionSubmitted): Readonly<Record<string, unknown>> {
  const { context, commerce, order, watch } = value;
  return {
    event_id: value.eventId,
    namespace: value.namespace,
    user_id: value.userId,
    anonymous: value.anonymous,
    session_id: value.sessionId,
    request_id: value.requestId,
    item_id: value.itemId,
    type: value.type,
    value: value.value,
    occurred_at: instantOf(value.occurredAt),
    consent: value.consent,
    context: context && contextOf(context),
    commerce: commerce && commerceOf(commerce),
    order: order && orderOf(order),
    watch: watch && watchOf(watch),
    properties: value.properties,
    trace: value.trace,
  };
}
