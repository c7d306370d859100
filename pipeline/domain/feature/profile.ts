import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { typeNumber } from '../interaction-type.ts';
import { type Affinity, countTags, newestCounts } from './affinity.ts';
import { type Entry, insertEntry } from './entries.ts';
import { isImpressionItem } from './interest.ts';
import { type ItemTimes, newestItems, noteItem } from './newest-items.ts';
import { addToSessions, type SessionSet } from './session.ts';
import type { StateSettings } from './settings.ts';

/** The applied interaction a profile reflects: the greatest (receivedAt, eventId), and what it said. */
export interface LastEvent {
  readonly eventId: string;
  readonly receivedAt: number;
  readonly occurredAt: number;
  readonly anonymous: boolean;
}

/** Where the user was last met under full consent, by (receivedAt, eventId). */
export interface Place {
  readonly eventId: string;
  readonly receivedAt: number;
  readonly locale: string | null;
  readonly segment: string;
}

/** Feature state of one user while a batch is worked on; mutable on purpose, never shared. */
export interface ProfileState {
  last: LastEvent | undefined;
  place: Place | undefined;
  /** Newest interactions with an item, oldest first. */
  recent: Entry[];
  bought: ItemTimes;
  dismissed: ItemTimes;
  added: ItemTimes;
  affinity: Affinity;
}

export interface UserState {
  readonly profile: ProfileState;
  readonly sessions: SessionSet;
}

export function emptyProfile(): ProfileState {
  return {
    last: undefined,
    place: undefined,
    recent: [],
    bought: new Map(),
    dismissed: new Map(),
    added: new Map(),
    affinity: [],
  };
}

/**
 * Applies one interaction once. What state becomes depends on the set of events only, not on the order
 * they come in. Consent `functional` leaves bought, dismissed, added and the last event; `none` nothing.
 * An impression item moves the last event and no interest.
 */
export function applyInteraction(user: UserState, interaction: InteractionEnriched, settings: StateSettings): void {
  if (interaction.consent === 'none') return;
  const { profile } = user;
  if (isLater(interaction, profile.last)) {
    const { eventId, receivedAt, occurredAt, anonymous } = interaction;
    profile.last = { eventId, receivedAt, occurredAt, anonymous };
  }
  noteSets(profile, interaction);
  if (interaction.consent === 'full') applyInterest(user, interaction, settings);
}

interface Received {
  readonly receivedAt: number;
  readonly eventId: string;
}

function isLater(a: Received, b: Received | undefined): boolean {
  return b === undefined || a.receivedAt > b.receivedAt || (a.receivedAt === b.receivedAt && a.eventId > b.eventId);
}

function noteSets(profile: ProfileState, { itemId, type, occurredAt }: InteractionEnriched): void {
  if (itemId === null) return;
  if (type === 'purchase') noteItem(profile.bought, itemId, occurredAt);
  if (type === 'dismiss') noteItem(profile.dismissed, itemId, occurredAt);
  if (type === 'add') noteItem(profile.added, itemId, occurredAt);
}

function applyInterest({ profile, sessions }: UserState, event: InteractionEnriched, settings: StateSettings): void {
  const { eventId, itemId, occurredAt, receivedAt, locale, segment, sessionId } = event;
  if (isLater(event, profile.place)) profile.place = { eventId, receivedAt, locale, segment };
  if (isImpressionItem(event)) return;
  const type = typeNumber(event.type);
  const entry = itemId === null ? undefined : { eventId, occurredAt, itemId, type };
  addToSessions(sessions, { eventId, occurredAt, clientSessionId: sessionId, entry }, settings);
  if (!entry) return;
  insertEntry(profile.recent, entry, settings.historySize);
  countTags(profile.affinity, event.tags, type, occurredAt);
}

/** Cuts what has grown past its limits; call once before state is stored. */
export function settleProfile({ profile }: UserState, settings: StateSettings): void {
  profile.bought = newestItems(profile.bought, settings.itemSetLimit);
  profile.dismissed = newestItems(profile.dismissed, settings.itemSetLimit);
  profile.added = newestItems(profile.added, settings.itemSetLimit);
  profile.affinity = newestCounts(profile.affinity, { days: settings.affinityDays, limit: settings.affinityLimit });
}
