import { z } from 'zod';
import { impressionItemLimit, impressionRules } from '../../../pipeline/domain/intake/impression.ts';
import { named, optional, withCases } from './named.ts';
import { consent, eventId, id, instant, namespace, number, text, trace } from './text.ts';

const { label } = impressionRules;

const item = z.strictObject({
  item_id: id,
  position: number(impressionRules.position).describe('From 1.'),
  sources: optional(z.array(text(label)).max(impressionRules.sources)),
});

/** One slate that a user saw. */
export const impression = named(
  'Impression',
  'A slate that was shown. Its items differ from one another, and so do their positions (`duplicate_item`, `duplicate_position`).',
  withCases(
    z.strictObject({
      event_id: optional(eventId).describe('Required, or `source_event_id`.'),
      source_event_id: optional(eventId).describe('An alias of `event_id`.'),
      namespace: optional(namespace),
      user_id: id,
      anonymous: optional(z.boolean()),
      session_id: optional(id),
      request_id: optional(id).describe('The one that the list carried.'),
      surface: optional(text(label)),
      occurred_at: optional(instant),
      consent: optional(consent),
      items: z.array(item).min(1).max(impressionItemLimit),
      variant: optional(text(label)),
      propensity: optional(number(impressionRules.propensity)),
      state_version: optional(number(impressionRules.stateVersion)).describe('The one that the list carried.'),
      trace: optional(trace),
    }),
    [z.looseObject({ event_id: eventId }), z.looseObject({ source_event_id: eventId })],
  ),
);
