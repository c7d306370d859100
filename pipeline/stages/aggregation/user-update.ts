import type { ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import type { SessionUpdated } from '../../../schemas/generated/session-updated.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { applyInteraction, settleProfile } from '../../domain/feature/profile.ts';
import {
  profileEventId,
  profileRecord,
  type RecordOwner,
  sessionEventId,
  sessionRecord,
} from '../../domain/feature/records.ts';
import type { SessionState } from '../../domain/feature/session.ts';
import type { StateSettings } from '../../domain/feature/settings.ts';
import { profileBody, restoreUser, sessionBody } from '../../domain/feature/state-text.ts';
import { profileKey, sessionKey } from '../../domain/keys.ts';
import type { SessionRef, StoredProfile, StoredSession } from '../../stores/feature.ts';
import type { OutboxRow } from '../../stores/outbox.ts';
import type { UserWork } from './workload.ts';

/** Encodes with today's schema; the codec's RecordWriter. */
export interface Writes<V> {
  write(value: V): Buffer;
}

export interface DerivedWriters {
  readonly profile: Writes<ProfileUpdated>;
  readonly session: Writes<SessionUpdated>;
}

export interface Stored {
  readonly profile: StoredProfile | undefined;
  readonly sessions: readonly StoredSession[];
}

/** What a user's part of a batch leaves behind. */
export interface UserUpdate {
  readonly profile: StoredProfile;
  readonly sessions: readonly StoredSession[];
  readonly removed: readonly SessionRef[];
  readonly records: readonly OutboxRow[];
}

export interface UpdateContext {
  readonly stateVersion: number;
  readonly settings: StateSettings;
  readonly writers: DerivedWriters;
}

/** Applies a user's part of a batch to what is stored of the user: in memory, no I/O. */
export function updateUser(work: UserWork, stored: Stored, context: UpdateContext): UserUpdate {
  const { stateVersion, settings } = context;
  const state = restoreUser(stored.profile?.body, stored.sessions, settings);
  for (const interaction of work.interactions) applyInteraction(state, interaction, settings);
  settleProfile(state, settings);
  const { namespace, userId } = work;
  const revision = (stored.profile?.revision ?? 0) + 1;
  const owner: RecordOwner = { stateVersion, namespace, userId, revision };
  const changed = [...state.sessions.explicit.values(), ...state.sessions.components].filter((one) => one.changed);
  const removed = changed.flatMap((session) => session.storedAs.filter((id) => id !== session.sessionId));
  const { last } = state.profile;
  if (last === undefined) throw new TypeError('a profile is stored before anything was applied to it');
  const trace = work.interactions.find(({ eventId }) => eventId === last.eventId)?.trace ?? null;
  return {
    profile: { namespace, userId, revision, body: profileBody(state, last) },
    sessions: changed.map((session) => ({
      namespace,
      userId,
      sessionId: session.sessionId,
      body: sessionBody(session),
    })),
    removed: removed.map((sessionId) => ({ namespace, userId, sessionId })),
    records: [
      ...removed.map((sessionId) => tombstone(owner, sessionId, last.occurredAt)),
      ...changed.map((session) => sessionRow(owner, session, context.writers)),
      {
        topic: topics.profileUpdated.name,
        key: profileKey(stateVersion, namespace, userId),
        eventId: profileEventId(owner),
        payload: context.writers.profile.write(profileRecord(owner, state, { last, settings })),
        occurredAt: last.occurredAt,
        traceparent: trace,
      },
    ],
  };
}

function tombstone(owner: RecordOwner, sessionId: string, occurredAt: number): OutboxRow {
  return {
    topic: topics.sessionUpdated.name,
    key: sessionKey(owner.stateVersion, owner.namespace, owner.userId, sessionId),
    eventId: sessionEventId(owner, sessionId),
    payload: null,
    occurredAt,
  };
}

function sessionRow(owner: RecordOwner, session: SessionState, writers: DerivedWriters): OutboxRow {
  return {
    topic: topics.sessionUpdated.name,
    key: sessionKey(owner.stateVersion, owner.namespace, owner.userId, session.sessionId),
    eventId: sessionEventId(owner, session.sessionId),
    payload: writers.session.write(sessionRecord(owner, session)),
    occurredAt: session.last.occurredAt,
  };
}
