import { hash } from 'node:crypto';
import type { ProfileItem, ProfileUpdated, SessionItem } from '../../../schemas/generated/profile-updated.v1.ts';
import type { SessionUpdated } from '../../../schemas/generated/session-updated.v1.ts';
import { interactionTypes } from '../interaction-type.ts';
import { segmentOf } from '../segment.ts';
import type { Entry } from './entries.ts';
import { type ItemTimes, inCart } from './newest-items.ts';
import type { LastEvent, UserState } from './profile.ts';
import { latestSession, type SessionState } from './session.ts';
import type { StateSettings } from './settings.ts';

/** Newest interactions of the current session in a profile record; the session's own record has them all. */
const currentSessionItems = 50;

/** Whose derived record it is, and in which version. */
export interface RecordOwner {
  readonly stateVersion: number;
  readonly namespace: string;
  readonly userId: string;
  readonly revision: number;
}

export function profileRecord(
  { stateVersion, namespace, userId, revision }: RecordOwner,
  { profile, sessions }: UserState,
  { last, settings }: { last: LastEvent; settings: StateSettings },
): ProfileUpdated {
  const { eventId, receivedAt, occurredAt, anonymous } = last;
  const current = latestSession(sessions);
  return {
    stateVersion,
    namespace,
    userId,
    anonymous,
    revision,
    lastEvent: { eventId, receivedAt, occurredAt },
    locale: profile.place?.locale ?? null,
    segment: profile.place?.segment ?? segmentOf(null, null),
    currentSession: current
      ? {
          sessionId: current.sessionId,
          firstOccurredAt: current.first.occurredAt,
          lastOccurredAt: current.last.occurredAt,
          items: current.entries.slice(-currentSessionItems).map(sessionItem),
        }
      : null,
    recent: profile.recent.map(sessionItem).reverse(),
    bought: profileItems(profile.bought),
    dismissed: profileItems(profile.dismissed),
    inCart: profileItems(inCart(profile.added, profile.bought, settings.itemSetLimit)),
    affinity: profile.affinity.map(({ day, tag, type, count }) => ({
      day,
      tag,
      type: typeName(type),
      count,
    })),
  };
}

export function sessionRecord({ stateVersion, namespace, userId }: RecordOwner, session: SessionState): SessionUpdated {
  return {
    stateVersion,
    namespace,
    userId,
    sessionId: session.sessionId,
    firstOccurredAt: session.first.occurredAt,
    lastOccurredAt: session.last.occurredAt,
    items: session.entries.map(sessionItem),
  };
}

/** Event ids of derived records: the same again when the same transaction is repeated, and no others'. */
export const profileEventId = (owner: RecordOwner): string =>
  `p:${owner.stateVersion}:${digest(owner.namespace, owner.userId)}:${owner.revision}`;
export const sessionEventId = (owner: RecordOwner, sessionId: string): string =>
  `s:${owner.stateVersion}:${digest(owner.namespace, owner.userId, sessionId)}:${owner.revision}`;

function digest(...parts: string[]): string {
  return hash('sha256', parts.join('\u001f')).slice(0, 32);
}

function typeName(type: number): (typeof interactionTypes)[number] {
  return interactionTypes[type] ?? 'custom';
}

const sessionItem = ({ itemId, type, occurredAt }: Entry): SessionItem => ({
  itemId,
  type: typeName(type),
  occurredAt,
});

function profileItems(items: ItemTimes): ProfileItem[] {
  return Array.from(items, ([itemId, occurredAt]) => ({ itemId, occurredAt }));
}
