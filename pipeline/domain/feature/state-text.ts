import { type Affinity, compareTagCounts } from './affinity.ts';
import { type Entry, mergeEntries } from './entries.ts';
import { compareMoments, type Moment } from './moment.ts';
import type { ItemTimes } from './newest-items.ts';
import { emptyProfile, type LastEvent, type Place, type ProfileState, type UserState } from './profile.ts';
import { isComponent, latestSession, type SessionSet, type SessionState } from './session.ts';
import type { StateSettings } from './settings.ts';

/**
 * Stored form of a profile (`user_profile.body`, jsonb). Lists are lines of text, one an element, free
 * text last: one jsonb string is read and written about ten times faster than an array of arrays. Lines end with DEL,
 * which no stored text holds and JSON does not escape; rows written before have line feeds, and are read as well.
 * `older` leaves out what the current session holds: that is stored with the session, which is written in
 * the same transaction, and most of what is recent is in it.
 */
export interface ProfileBody {
  readonly last: LastEvent;
  readonly place: Place | null;
  readonly currentSessionId: string | null;
  /** Newest interactions outside the current session: lines of entries, oldest first. */
  readonly older: string;
  /** Lines `occurredAt itemId`, newest first. */
  readonly bought: string;
  readonly dismissed: string;
  readonly added: string;
  /** Lines `count type tag`, those of a day below a line `day`; days newest first. */
  readonly affinity: string;
}

/** Stored form of a session (`session.body`, jsonb). */
export interface SessionBody {
  readonly first: Moment;
  readonly last: Moment;
  /** Lines `wait type eventId itemId`, oldest first; `wait` is milliseconds since the line before. */
  readonly entries: string;
}

/** `last` is the profile's own: a profile exists from its first applied event on. */
export function profileBody({ profile, sessions }: UserState, last: LastEvent): ProfileBody {
  const current = latestSession(sessions);
  return {
    last,
    place: profile.place ?? null,
    currentSessionId: current?.sessionId ?? null,
    older: entryLines(current ? outside(profile.recent, current.entries) : profile.recent),
    bought: itemLines(profile.bought),
    dismissed: itemLines(profile.dismissed),
    added: itemLines(profile.added),
    affinity: affinityLines(profile.affinity),
  };
}

/** The entries of one list that are not in the other; both are sorted. */
function outside(entries: readonly Entry[], others: readonly Entry[]): Entry[] {
  let at = 0;
  return entries.filter((entry) => {
    let order = -1;
    for (; at < others.length; at += 1) {
      order = compareMoments(others[at] as Entry, entry);
      if (order >= 0) break;
    }
    return order !== 0;
  });
}

/** A session as stored, with its id. */
export interface NamedSession {
  readonly sessionId: string;
  readonly body: SessionBody;
}

/** What is stored of a user; `sessions` has to hold the one that the profile names as current. */
export function restoreUser(
  body: ProfileBody | undefined,
  sessions: readonly NamedSession[],
  { historySize }: StateSettings,
): UserState {
  const set: SessionSet = { explicit: new Map(), components: [] };
  let current: SessionState | undefined;
  for (const { sessionId, body: stored } of sessions) {
    const session = sessionFromBody(sessionId, stored);
    if (isComponent(sessionId)) set.components.push(session);
    else set.explicit.set(sessionId, session);
    if (sessionId === body?.currentSessionId) current = session;
  }
  return { profile: body ? profileFromBody(body, current, historySize) : emptyProfile(), sessions: set };
}

function profileFromBody(body: ProfileBody, current: SessionState | undefined, historySize: number): ProfileState {
  if (body.currentSessionId !== null && !current) throw new TypeError('the current session of a profile is missing');
  return {
    last: body.last,
    place: body.place ?? undefined,
    recent: mergeEntries(readEntries(body.older), current?.entries ?? [], historySize),
    bought: readItems(body.bought),
    dismissed: readItems(body.dismissed),
    added: readItems(body.added),
    affinity: readAffinity(body.affinity),
  };
}

export function sessionBody({ first, last, entries }: SessionState): SessionBody {
  return { first, last, entries: entryLines(entries) };
}

function sessionFromBody(sessionId: string, body: SessionBody): SessionState {
  const { first, last } = body;
  return { sessionId, first, last, entries: readEntries(body.entries), storedAs: [sessionId], changed: false };
}

function entryLines(entries: readonly Entry[]): string {
  let text = '';
  let before = 0;
  for (const { occurredAt, type, eventId, itemId } of entries) {
    text += `${text === '' ? '' : lineEnd}${occurredAt - before} ${type} ${eventId} ${itemId}`;
    before = occurredAt;
  }
  return text;
}

function readEntries(text: string): Entry[] {
  let occurredAt = 0;
  return lines(text).map((line) => {
    const typeAt = line.indexOf(' ') + 1;
    const idAt = line.indexOf(' ', typeAt) + 1;
    const itemAt = line.indexOf(' ', idAt) + 1;
    occurredAt += Number(line.slice(0, typeAt - 1));
    return {
      occurredAt,
      type: Number(line.slice(typeAt, idAt - 1)),
      eventId: line.slice(idAt, itemAt - 1),
      itemId: line.slice(itemAt),
    };
  });
}

function itemLines(items: ItemTimes): string {
  return [...items].map(([itemId, occurredAt]) => `${occurredAt} ${itemId}`).join(lineEnd);
}

function readItems(text: string): ItemTimes {
  return new Map(
    lines(text).map((line) => {
      const itemAt = line.indexOf(' ') + 1;
      return [line.slice(itemAt), Number(line.slice(0, itemAt - 1))];
    }),
  );
}

function affinityLines(affinity: Affinity): string {
  let text = '';
  let before: number | undefined;
  for (const { day, type, count, tag } of affinity) {
    if (day !== before) text += `${text === '' ? '' : lineEnd}${day}`;
    text += `${lineEnd}${count} ${type} ${tag}`;
    before = day;
  }
  return text;
}

function readAffinity(text: string): Affinity {
  if (text.includes('\t')) return readFormerAffinity(text);
  const affinity: Affinity = [];
  let day = 0;
  for (const line of lines(text)) {
    const typeAt = line.indexOf(' ') + 1;
    if (typeAt === 0) {
      day = Number(line);
      continue;
    }
    const tagAt = line.indexOf(' ', typeAt) + 1;
    const type = Number(line.slice(typeAt, tagAt - 1));
    affinity.push({ day, type, tag: line.slice(tagAt), count: Number(line.slice(0, typeAt - 1)) });
  }
  return affinity;
}

/** Lines `day type`, each followed by `count tag` behind tabs: how affinity was stored before. */
function readFormerAffinity(text: string): Affinity {
  const affinity: Affinity = [];
  for (const line of lines(text)) {
    const [head = '', ...counts] = line.split('\t');
    const typeAt = head.indexOf(' ') + 1;
    const day = Number(head.slice(0, typeAt - 1));
    const type = Number(head.slice(typeAt));
    for (const one of counts) {
      const tagAt = one.indexOf(' ') + 1;
      affinity.push({ day, type, tag: one.slice(tagAt), count: Number(one.slice(0, tagAt - 1)) });
    }
  }
  return affinity.sort(compareTagCounts);
}

const lineEnd = '\u007f';

function lines(text: string): string[] {
  if (text === '') return [];
  return text.split(text.includes('\n') ? '\n' : lineEnd);
}
