import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { skip } from '../../kernel/outcome.ts';
import type { StatefulStage } from '../../kernel/stage.ts';
import type { AppliedEvents, Exposure, ExposureLog } from '../../stores/feature.ts';
import { claimBatch } from './claim.ts';

export interface ExposureDeps<Tx> {
  readonly stateVersion: number;
  readonly applied: AppliedEvents<Tx>;
  readonly exposures: ExposureLog<Tx>;
}

/**
 * Keeps what users were shown, an item a row, for analytics. It writes `applied_event`, `exposure` and
 * its offset and nothing else, so it shares no row with aggregation and need not share its process.
 * Without full consent an impression is counted as applied and leaves no row.
 */
export function createExposure<Tx>(deps: ExposureDeps<Tx>): StatefulStage<ImpressionRecorded, Tx> {
  const { stateVersion, applied, exposures } = deps;
  return {
    kind: 'stateful',
    name: 'exposure',
    consumes: [topics.impressionRecorded],
    stateVersion,
    async apply(tx, batch) {
      const { fresh, outcomes } = await claimBatch(tx, batch, { applied, stateVersion, refuse: () => undefined });
      const shown: Exposure[] = [];
      for (const { at, value } of fresh) {
        if (value.consent === 'full') shown.push(...shownItems(value));
        else outcomes[at] = skip('no_consent');
      }
      await exposures.add(tx, stateVersion, shown);
      return outcomes;
    },
  };
}

function shownItems({
  namespace,
  userId,
  eventId,
  requestId,
  variant,
  surface,
  occurredAt,
  items,
}: ImpressionRecorded): Exposure[] {
  return items.map(({ itemId, position, sources }) => ({
    namespace,
    userId,
    itemId,
    eventId,
    kind: 'shown',
    requestId,
    position,
    sources,
    variant,
    surface,
    watchSeconds: null,
    occurredAt,
  }));
}
