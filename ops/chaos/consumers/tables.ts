import type { Database } from '../../../pipeline/stores/postgres/database.ts';
import type { Fields } from './decode.ts';
import { readLetter } from './ledger.ts';

/** The state tables of one version, their stored texts taken apart by code of its own. */
export interface Tables {
  readonly profiles: ReadonlyMap<string, ProfileRow>;
  /** Sessions of each user. */
  readonly sessions: ReadonlyMap<string, readonly SessionRow[]>;
  /** Sums over source partitions. */
  readonly activity: Readonly<Record<string, number>>;
  readonly exposures: readonly Readonly<Record<string, unknown>>[];
  /** How often each id is marked as applied. */
  readonly applied: ReadonlyMap<string, number>;
  readonly deadLetters: readonly Readonly<Record<string, unknown>>[];
  /** Dead letters that transactions put into the outbox, by the record they stand for. */
  readonly lettersWritten: readonly Buffer[];
}

type Item = readonly [itemId: string, occurredAt: number];

interface Entry {
  readonly eventId: string;
  readonly itemId: string;
  readonly type: string;
  readonly occurredAt: number;
}

export interface ProfileRow {
  readonly revision: number;
  readonly last: { readonly eventId: string; readonly receivedAt: number; readonly occurredAt: number };
  readonly anonymous: boolean;
  readonly locale: string | null;
  readonly segment: string;
  readonly currentSession: string | null;
  /** Newest interactions outside of the current session, oldest first. */
  readonly older: readonly Entry[];
  readonly bought: readonly Item[];
  readonly dismissed: readonly Item[];
  readonly added: readonly Item[];
  readonly affinity: readonly { day: number; tag: string; type: string; count: number }[];
}

export interface SessionRow {
  readonly sessionId: string;
  readonly firstOccurredAt: number;
  readonly lastOccurredAt: number;
  readonly entries: readonly Entry[];
}

const typeNames = ['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss'];
const linesOf = (text: string) => text.split('\u007f').filter((line) => line !== '');

/** Lines `wait type eventId itemId`, the wait since the line before; only the item's id may hold blanks. */
function entriesOf(text: string): Entry[] {
  let occurredAt = 0;
  return linesOf(text).map((line) => {
    const [, wait, type, eventId, itemId] = /^(\S+) (\S+) (\S+) (.*)$/s.exec(line) as unknown as string[];
    occurredAt += Number(wait);
    return {
      eventId: eventId as string,
      itemId: itemId as string,
      type: typeNames[Number(type)] as string,
      occurredAt,
    };
  });
}

/** Lines `occurredAt itemId`. */
const itemsOf = (text: string): Item[] =>
  linesOf(text).map((line) => {
    const [, at, itemId] = /^(\S+) (.*)$/s.exec(line) as unknown as string[];
    return [itemId as string, Number(at)];
  });

/** Lines `count type tag`, those of a day below a line `day`. */
function affinityOf(text: string): ProfileRow['affinity'] {
  let day = 0;
  return linesOf(text).flatMap((line) => {
    const [, count, type, tag] = /^(\d+) (\d+) (.*)$/s.exec(line) ?? [];
    if (count !== undefined) {
      return [{ day, type: typeNames[Number(type)] as string, tag: tag as string, count: Number(count) }];
    }
    day = Number(line);
    return [];
  });
}

function profileOf({ revision, body }: { revision: bigint; body: Fields }): ProfileRow {
  const { eventId, receivedAt, occurredAt, anonymous } = body.last;
  return {
    revision: Number(revision),
    last: { eventId, receivedAt, occurredAt },
    anonymous,
    locale: body.place?.locale ?? null,
    segment: body.place?.segment ?? '|',
    currentSession: body.currentSessionId,
    older: entriesOf(body.older),
    bought: itemsOf(body.bought),
    dismissed: itemsOf(body.dismissed),
    added: itemsOf(body.added),
    affinity: affinityOf(body.affinity),
  };
}

interface SessionRowSql {
  readonly namespace: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly first: number;
  readonly last: number;
  readonly body: Fields;
}

const millis = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

async function sessionsOf(database: Database, version: number): Promise<Map<string, SessionRow[]>> {
  const rows = await database.query<SessionRowSql>({
    text: `SELECT namespace, user_id, session_id, ${millis('first_occurred_at')} AS first,
                  ${millis('last_occurred_at')} AS last, body
             FROM session WHERE state_version = $1`,
    values: [version],
  });
  const sessions = new Map<string, SessionRow[]>();
  for (const { namespace, user_id: userId, session_id: sessionId, first, last, body } of rows) {
    const user = `${namespace}|${userId}`;
    const known = sessions.get(user) ?? [];
    sessions.set(user, known);
    const span = { firstOccurredAt: Math.round(first), lastOccurredAt: Math.round(last) };
    known.push({ sessionId, ...span, entries: entriesOf(body.entries) });
  }
  for (const each of sessions.values()) each.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
  return sessions;
}

async function activityOf(database: Database, version: number): Promise<Record<string, number>> {
  const rows = await database.query<{ key: string[]; count: bigint }>({
    text: `SELECT ARRAY[namespace, hour::text, segment, item_id, type::text] AS key, sum(count)::bigint AS count
             FROM item_activity WHERE state_version = $1 GROUP BY 1`,
    values: [version],
  });
  const named = ([namespace, hour, segment, item, type]: string[]) =>
    [namespace, hour, segment, item, typeNames[Number(type)]].join(' ');
  return Object.fromEntries(rows.map(({ key, count }) => [named(key), Number(count)]));
}

const exposures = `SELECT namespace, user_id AS "userId", item_id AS "itemId", event_id AS "eventId", kind,
       request_id AS "requestId", position, sources, variant, ${millis('occurred_at')} AS "occurredAt"
  FROM exposure WHERE state_version = $1`;
const applied = [0, 1, 2].map((n) => `SELECT id FROM applied_event_${n} WHERE state_version = $1`).join(' UNION ALL ');

/** Nobody may be writing meanwhile. */
export async function readTables(database: Database, version: number): Promise<Tables> {
  const values = [version];
  const profiles = await database.query<{ namespace: string; user_id: string; revision: bigint; body: Fields }>({
    text: 'SELECT namespace, user_id, revision, body FROM user_profile WHERE state_version = $1',
    values,
  });
  const times = new Map<string, number>();
  for (const { id } of await database.query<{ id: string }>({ text: applied, values })) {
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  const written = await database.query<{ payload: Buffer }>({
    text: `SELECT payload FROM outbox WHERE topic LIKE '%.dlq'`,
  });
  return {
    profiles: new Map(profiles.map((row) => [`${row.namespace}|${row.user_id}`, profileOf(row)])),
    sessions: await sessionsOf(database, version),
    activity: await activityOf(database, version),
    exposures: await database.query({ text: exposures, values }),
    applied: times,
    deadLetters: await database.query({
      text: `SELECT state_version AS "stateVersion", stage, topic, partition, "offset"::text AS offset, reason
               FROM dead_letter`,
    }),
    lettersWritten: written.map(({ payload }) => payload),
  };
}

export const readWritten = (letters: readonly Buffer[]) => letters.map(readLetter);
