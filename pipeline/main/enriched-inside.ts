import type { InteractionEnriched } from '../../schemas/generated/interaction-enriched.v1.ts';
import type { InteractionRecorded } from '../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../schemas/topics.ts';
import { FreshetError } from '../kernel/errors.ts';
import type { Outcome } from '../kernel/outcome.ts';
import type { Delivery, StatefulStage, StatelessStage } from '../kernel/stage.ts';

/**
 * Aggregation of a version that is made from recorded interactions: enrichment runs inside it, with today's code and
 * today's catalogue, and what it sets aside is set aside here. This is what a bad enrichment needs, since the enriched
 * topic holds what it did.
 */
export function enrichedInside<Tx>(
  aggregation: StatefulStage<InteractionEnriched, Tx>,
  enrichment: StatelessStage<InteractionRecorded, InteractionEnriched>,
): StatefulStage<InteractionRecorded, Tx> {
  return {
    ...aggregation,
    consumes: [topics.interactionRecorded],
    async apply(tx, batch) {
      const enriched = await enrichment.handle(batch);
      const emitted = batch.flatMap((delivery, at) => enrichedOf(delivery, enriched[at]));
      const applied = await aggregation.apply(tx, emitted);
      let next = 0;
      return enriched.map((outcome) => (outcome.kind === 'emit' ? (applied[next++] as Outcome) : outcome));
    },
  };
}

function enrichedOf(
  delivery: Delivery<InteractionRecorded>,
  outcome: Outcome<InteractionEnriched> | undefined,
): Delivery<InteractionEnriched>[] {
  if (outcome?.kind !== 'emit') return [];
  const [record] = outcome.records;
  if (record === undefined || outcome.records.length > 1) {
    throw new FreshetError('stage_contract', 'enrichment emits one record an interaction');
  }
  return [{ ...delivery, value: record.value }];
}
