import type { Affinity } from './affinity.ts';
import type { Entry } from './entries.ts';
import type { Moment } from './moment.ts';
import type { ItemTimes } from './newest-items.ts';
import type { LastEvent, Place, ProfileState } from './profile.ts';
import type { SessionState } from './session.ts';

/**
 * Stored form of a profile (`user_profile.body`, jsonb). Lists are lines of text, one an element, free
 * text last: one jsonb string is read and written about ten times faster than an array of arrays.
 */
export interface ProfileBody {
  readonly last: LastEvent;
  readonly place: Place | null;
  readonly currentSessionId: string | null;
  /** Lines `occurredAt type eventId itemId`, oldest first. */
  readonly recent: string;
  /** Lines `occurredAt itemId`, newest first. */
  readonly bought: string;
  readonly dismissed: string;
  readonly added: string;
  /** Lines `day type count tag`, newest first. */
  readonly affinity: string;
}

/** Stored form of a session (`session.body`, jsonb). */
export interface SessionBody {
  readonly first: Moment;
  readonly last: Moment;
  /** Lines `occurredAt type eventId itemId`, oldest first. */
  readonly entries: string;
}

/** Expects `last` to be there: a profile exists from its first applied event on. */
export function profileBody(profile: ProfileState, last: LastEvent): ProfileBody {
  return {
    last,
    place: profile.place ?? null,
    currentSessionId: profile.currentSessionId ?? null,
    recent: entryLines(profile.recent),
    bought: itemLines(profile.bought),
    dismissed: itemLines(profile.dismissed),
    added: itemLines(profile.added),
    affinity: [...profile.affinity.values()].map((one) => `${one.day} ${one.type} ${one.count} ${one.tag}`).join('\n'),
  };
}

export function profileFromBody(body: ProfileBody): ProfileState {
  return {
    last: body.last,
    place: body.place ?? undefined,
    currentSessionId: body.currentSessionId ?? undefined,
    recent: readEntries(body.recent),
    bought: readItems(body.bought),
    dismissed: readItems(body.dismissed),
    added: readItems(body.added),
    affinity: readAffinity(body.affinity),
  };
}

export function sessionBody({ first, last, entries }: SessionState): SessionBody {
  return { first, last, entries: entryLines(entries) };
}

export function sessionFromBody(sessionId: string, body: SessionBody): SessionState {
  const { first, last } = body;
  return { sessionId, first, last, entries: readEntries(body.entries), storedAs: [sessionId], changed: false };
}

function entryLines(entries: readonly Entry[]): string {
  let text = '';
  for (const { occurredAt, type, eventId, itemId } of entries) {
    text += `${text === '' ? '' : '\n'}${occurredAt} ${type} ${eventId} ${itemId}`;
  }
  return text;
}

function readEntries(text: string): Entry[] {
  return lines(text).map((line) => {
    const typeAt = line.indexOf(' ') + 1;
    const idAt = line.indexOf(' ', typeAt) + 1;
    const itemAt = line.indexOf(' ', idAt) + 1;
    return {
      occurredAt: Number(line.slice(0, typeAt - 1)),
      type: Number(line.slice(typeAt, idAt - 1)),
      eventId: line.slice(idAt, itemAt - 1),
      itemId: line.slice(itemAt),
    };
  });
}

function itemLines(items: ItemTimes): string {
  return [...items].map(([itemId, occurredAt]) => `${occurredAt} ${itemId}`).join('\n');
}

function readItems(text: string): ItemTimes {
  return new Map(
    lines(text).map((line) => {
      const itemAt = line.indexOf(' ') + 1;
      return [line.slice(itemAt), Number(line.slice(0, itemAt - 1))];
    }),
  );
}

function readAffinity(text: string): Affinity {
  const affinity: Affinity = new Map();
  for (const line of lines(text)) {
    const typeAt = line.indexOf(' ') + 1;
    const countAt = line.indexOf(' ', typeAt) + 1;
    const tagAt = line.indexOf(' ', countAt) + 1;
    const day = Number(line.slice(0, typeAt - 1));
    const type = Number(line.slice(typeAt, countAt - 1));
    const tag = line.slice(tagAt);
    affinity.set(`${day} ${type} ${tag}`, { day, type, tag, count: Number(line.slice(countAt, tagAt - 1)) });
  }
  return affinity;
}

const lines = (text: string): string[] => (text === '' ? [] : text.split('\n'));
