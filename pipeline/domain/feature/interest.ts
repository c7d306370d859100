import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';

/**
 * A `view` with a widget anywhere but on a product page is an item that was shown: exposure, not
 * interest. Context is empty without full consent, so such views cannot be told apart and count as views.
 */
export function isImpressionItem({ type, context }: Pick<InteractionEnriched, 'type' | 'context'>): boolean {
  return type === 'view' && context !== null && context.widget !== null && context.surface !== 'pdp';
}

const acts: ReadonlySet<string> = new Set(['click', 'watch', 'purchase']);

/** What an interaction says about what a user has been shown: a position seen, an act upon one, or nothing. */
export function exposureKind(interaction: InteractionEnriched): 'shown' | 'acted' | undefined {
  if (interaction.consent !== 'full' || interaction.itemId === null) return undefined;
  if (isImpressionItem(interaction)) return 'shown';
  return acts.has(interaction.type) ? 'acted' : undefined;
}

/** Seconds of a watch: as said, else the share watched of the length; null where neither is said, or it is none. */
export function watchSeconds({ type, value, watch }: Pick<InteractionEnriched, 'type' | 'value' | 'watch'>) {
  if (type !== 'watch') return null;
  if (value !== null) return value;
  if (watch === null || watch.durationMs === null || watch.completion === null) return null;
  return (watch.durationMs / 1_000) * watch.completion;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\u0000-\u001f\u007f]/;

/** The field that feature state cannot hold (its lists are lines of text), else undefined. */
export function unstorableField(interaction: InteractionEnriched): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(interaction.eventId)) return 'event_id';
  if (interaction.itemId !== null && control.test(interaction.itemId)) return 'item_id';
  if (interaction.sessionId !== null && control.test(interaction.sessionId)) return 'session_id';
  if (control.test(interaction.userId)) return 'user_id';
  return interaction.tags.some((tag) => control.test(tag)) ? 'tags' : undefined;
}
