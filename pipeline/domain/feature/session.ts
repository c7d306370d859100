import { type Entry, insertEntry, mergeEntries } from './entries.ts';
import { compareMoments, type Moment } from './moment.ts';
import type { StateSettings } from './settings.ts';

/** One session of a user while a batch is worked on; mutable on purpose, never shared. */
export interface SessionState {
  sessionId: string;
  first: Moment;
  last: Moment;
  /** Newest interactions with an item, oldest first. */
  entries: Entry[];
  /** Ids under which parts of it are stored; all but `sessionId` have to go. */
  storedAs: string[];
  changed: boolean;
}

/** A user's sessions that a batch may touch, and the one with the latest event of all. */
export interface SessionSet {
  /** By client's session id, with the prefix. */
  readonly explicit: Map<string, SessionState>;
  /** Components of events without one; no two within the gap of each other. */
  components: SessionState[];
}

export interface SessionEvent extends Moment {
  /** The client's session id. */
  readonly clientSessionId: string | null;
  /** Absent for interactions without an item: they make a session longer and add nothing to it. */
  readonly entry: Entry | undefined;
}

export const clientSession = (id: string): string => `c:${id}`;
/** A component is named after its earliest event. */
export const componentSession = (first: Moment): string => `g:${first.occurredAt}:${first.eventId}`;
export const isComponent = (sessionId: string): boolean => sessionId.startsWith('g:');

/**
 * Adds an event. A component takes every event at most the gap away from one of its own, so a late event
 * may join two of them or come before the first: the component is then named anew.
 * The set must hold every stored component within the gap of the event.
 */
export function addToSessions(set: SessionSet, event: SessionEvent, settings: StateSettings): void {
  const session =
    event.clientSessionId === null
      ? componentFor(set, event, settings)
      : explicitFor(set, clientSession(event.clientSessionId), event);
  if (compareMoments(event, session.first) < 0) session.first = momentOf(event);
  if (compareMoments(event, session.last) > 0) session.last = momentOf(event);
  if (event.entry) insertEntry(session.entries, event.entry, settings.sessionItemCap);
  if (isComponent(session.sessionId)) session.sessionId = componentSession(session.first);
  session.changed = true;
}

const momentOf = ({ occurredAt, eventId }: Moment): Moment => ({ occurredAt, eventId });

function newSession(sessionId: string, event: Moment): SessionState {
  const at = momentOf(event);
  return { sessionId, first: at, last: at, entries: [], storedAs: [], changed: true };
}

function explicitFor({ explicit }: SessionSet, sessionId: string, event: Moment): SessionState {
  let session = explicit.get(sessionId);
  if (!session) {
    session = newSession(sessionId, event);
    explicit.set(sessionId, session);
  }
  return session;
}

function componentFor(set: SessionSet, event: Moment, settings: StateSettings): SessionState {
  const gap = settings.sessionGapMs;
  const near = set.components.filter(
    ({ first, last }) => event.occurredAt >= first.occurredAt - gap && event.occurredAt <= last.occurredAt + gap,
  );
  const [target = newSession(componentSession(event), event), ...others] = near;
  for (const other of others) absorb(target, other, settings.sessionItemCap);
  if (near.length === 0) set.components.push(target);
  else if (others.length > 0) set.components = set.components.filter((one) => !others.includes(one));
  return target;
}

function absorb(target: SessionState, other: SessionState, cap: number): void {
  if (compareMoments(other.first, target.first) < 0) target.first = other.first;
  if (compareMoments(other.last, target.last) > 0) target.last = other.last;
  target.entries = mergeEntries(target.entries, other.entries, cap);
  target.storedAs.push(...other.storedAs);
}

/** The session with the latest event; undefined where there is none. */
export function latestSession({ explicit, components }: SessionSet): SessionState | undefined {
  let latest: SessionState | undefined;
  for (const session of [...explicit.values(), ...components]) {
    if (!latest || compareMoments(session.last, latest.last) > 0) latest = session;
  }
  return latest;
}
