import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { typeNumber } from '../interaction-type.ts';
import { isImpressionItem } from './interest.ts';

/** One integer count of `item_activity`, additions commute. */
export interface ActivityCount {
  readonly namespace: string;
  /** Event-time hour: floor(occurredAt / 3,600,000). */
  readonly hour: number;
  readonly segment: string;
  readonly itemId: string;
  /** Index in `interactionTypes`. */
  readonly type: number;
  readonly sourcePartition: number;
  count: number;
}

/**
 * Counts interactions with an item, whatever their consent: a count names no user. Impression items are
 * left out, for what was shown is not what was wanted; known and unknown items count alike.
 */
export function countActivity(
  counts: Map<string, ActivityCount>,
  interaction: InteractionEnriched,
  sourcePartition: number,
): void {
  const { namespace, segment, itemId, occurredAt } = interaction;
  if (itemId === null || isImpressionItem(interaction)) return;
  const type = typeNumber(interaction.type);
  const hour = Math.floor(occurredAt / 3_600_000);
  const key = `${namespace}|${hour}|${type}|${sourcePartition}|${segment.length}|${segment}|${itemId}`;
  const known = counts.get(key);
  if (known) known.count += 1;
  else counts.set(key, { namespace, hour, segment, itemId, type, sourcePartition, count: 1 });
}
