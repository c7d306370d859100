import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import {
  type ProfileItem,
  type ProfileUpdated,
  profileUpdatedSchema,
} from '../../../schemas/generated/profile-updated.v1.ts';
import { type SessionUpdated, sessionUpdatedSchema } from '../../../schemas/generated/session-updated.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { type Events, userIdOf } from './events.ts';
import { activityKey, type ReferenceSession, referenceUser } from './reference.ts';
import type { Scenario } from './scenarios.ts';

const framing = 5;
const readProfile = profileUpdatedSchema.readerFor(profileUpdatedSchema.json);
const readSession = sessionUpdatedSchema.readerFor(sessionUpdatedSchema.json);
const types = ['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss'];
const sampleSize = 250;

const fail = (what: string): never => {
  throw new FreshetError('bench_failed', `state is not what the events make: ${what}`);
};

/** 128 bits of sha256(namespace, 0x1f, event id); a UUIDv7 keeps its first half. */
function appliedId(eventId: string): string {
  const hash = createHash('sha256').update(`default\u001f${eventId}`).digest('hex').slice(0, 16);
  const hex = eventId.replaceAll('-', '').slice(0, 16) + hash;
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1] ?? 32)).join('-');
}

/** Every event of the topic applied exactly once, and nothing else. */
export async function verifyApplied(client: pg.Client, { events, seeded }: Scenario): Promise<void> {
  const windows = [0, 1, 2].map((window) => `SELECT id FROM applied_event_${window}`).join(' UNION ALL ');
  const { rows } = await client.query<[string]>({ text: windows, rowMode: 'array' });
  const found = new Set(rows.map(([id]) => id));
  const expected = events.count - seeded;
  if (rows.length !== expected) fail(`${rows.length} applied events instead of ${expected}`);
  for (let i = seeded; i < events.count; i += 1) {
    const id = events.idOf(i);
    if (!found.has(appliedId(id))) fail(`event ${id} is not applied`);
  }
}

export async function verifyActivity(client: pg.Client, { events }: Scenario): Promise<void> {
  const expected = new Map<string, number>();
  for (let i = 0; i < events.count; i += 1) {
    const key = activityKey(events.at(i));
    if (key !== undefined) expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const { rows } = await client.query<[number, string, string, number, string]>({
    text: `SELECT hour, segment, item_id, type, sum(count) FROM item_activity GROUP BY 1, 2, 3, 4`,
    rowMode: 'array',
  });
  if (rows.length !== expected.size) fail(`${rows.length} rows of item_activity instead of ${expected.size}`);
  for (const [hour, segment, item, type, sum] of rows) {
    const key = `${hour} ${segment} ${item} ${types[type]}`;
    if (expected.get(key) !== Number(sum)) fail(`item_activity ${key} is ${sum}, not ${expected.get(key)}`);
  }
}

/** The busiest users, and others evenly among all whose profile the topic changes. */
function sampleUsers({ events, seeded }: Scenario): Set<number> {
  const counts = new Map<number, number>();
  for (let i = seeded; i < events.count; i += 1) {
    if (events.at(i).consent === 'none') continue;
    const user = events.userOf(i);
    counts.set(user, (counts.get(user) ?? 0) + 1);
  }
  const users = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const step = Math.max(1, Math.floor(users.length / sampleSize));
  return new Set([...users.slice(0, 10), ...users.filter((_, at) => at % step === 0)]);
}

function eventsOf(events: Events, users: ReadonlySet<number>): Map<number, InteractionEnriched[]> {
  const byUser = new Map<number, InteractionEnriched[]>([...users].map((user) => [user, []]));
  for (let i = 0; i < events.count; i += 1) byUser.get(events.userOf(i))?.push(events.at(i));
  return byUser;
}

/** What the outbox says last of each key, decoded. */
async function lastRecords(client: pg.Client, topic: string, keys: readonly string[]): Promise<Map<string, Buffer>> {
  const { rows } = await client.query<{ key: Buffer; payload: Buffer | null }>(
    `SELECT DISTINCT ON (key) key, payload FROM outbox
      WHERE topic = $1 AND key = ANY ($2::bytea[]) ORDER BY key, seq DESC`,
    [topic, keys.map((key) => Buffer.from(key))],
  );
  return new Map(rows.flatMap(({ key, payload }) => (payload === null ? [] : [[key.toString(), payload] as const])));
}

const profileKey = (userId: string): string => `1|default|${userId}`;
const sessionKey = (userId: string, id: string): string =>
  `1|default|${createHash('sha256').update(`${userId}\u001f${id}`).digest('hex').slice(0, 32)}`;

const timesOf = (items: readonly ProfileItem[]) =>
  Object.fromEntries(items.map(({ itemId, occurredAt }) => [itemId, occurredAt]));
const plain = <T extends object>(items: readonly T[]) => items.map((item) => ({ ...item }));

function told(profile: ProfileUpdated) {
  return {
    last: { ...profile.lastEvent },
    recent: plain(profile.recent),
    bought: timesOf(profile.bought),
    dismissed: timesOf(profile.dismissed),
    inCart: timesOf(profile.inCart),
    affinity: Object.fromEntries(profile.affinity.map(({ day, type, tag, count }) => [`${day} ${type} ${tag}`, count])),
  };
}

const current = (sessions: readonly ReferenceSession[]) =>
  sessions
    .toSorted((a, b) => a.to - b.to)
    .at(-1)
    ?.items.slice(-50);

/**
 * A sample of users against the reference: the last profile and session records of the outbox, and the rows of
 * `session`. Answers how many.
 */
export async function verifyUsers(client: pg.Client, scenario: Scenario): Promise<number> {
  const users = sampleUsers(scenario);
  const all = [...eventsOf(scenario.events, users)].map(([user, events]) => ({
    userId: userIdOf(user),
    expected: referenceUser(events),
  }));
  const profiles = await lastRecords(
    client,
    topics.profileUpdated.name,
    all.map(({ userId }) => profileKey(userId)),
  );
  const keys = all.flatMap(({ userId, expected }) => expected?.sessions.map(({ id }) => sessionKey(userId, id)) ?? []);
  const sessions = await lastRecords(client, topics.sessionUpdated.name, keys);
  const rows = await sessionRows(
    client,
    all.map(({ userId }) => userId),
  );
  for (const { userId, expected } of all) {
    const payload = profiles.get(profileKey(userId));
    if (!payload || !expected) {
      if (expected || payload) fail(`there is ${payload ? 'a' : 'no'} profile record of ${userId}`);
      continue;
    }
    const profile = readProfile(payload, framing);
    const { sessions: wanted, ...rest } = expected;
    if (!isDeepStrictEqual(told(profile), rest)) fail(`the profile record of ${userId} differs`);
    if (!isDeepStrictEqual(profile.currentSession && plain(profile.currentSession.items), current(wanted) ?? null)) {
      fail(`the current session of ${userId} differs`);
    }
    const bare = wanted.map(({ id, from, to }) => ({ id, from, to }));
    if (!isDeepStrictEqual(rows.get(userId) ?? [], bare)) fail(`the sessions of ${userId} differ`);
    for (const session of wanted) verifySession(userId, session, sessions.get(sessionKey(userId, session.id)));
  }
  return all.length;
}

/** Those that were not touched since the state was seeded have no record. */
function verifySession(userId: string, { id, from, to, items }: ReferenceSession, payload: Buffer | undefined): void {
  if (payload === undefined) return;
  const record: SessionUpdated = readSession(payload, framing);
  const told = { from: record.firstOccurredAt, to: record.lastOccurredAt, items: plain(record.items) };
  if (!isDeepStrictEqual(told, { from, to, items })) fail(`the session record ${id} of ${userId} differs`);
}

async function sessionRows(client: pg.Client, userIds: readonly string[]) {
  const { rows } = await client.query<{ user_id: string; id: string; from: number; to: number }>(
    `SELECT user_id, session_id AS id, (extract(epoch FROM first_occurred_at) * 1000)::float8 AS from,
            (extract(epoch FROM last_occurred_at) * 1000)::float8 AS to
       FROM session WHERE user_id = ANY ($1) ORDER BY session_id COLLATE "C"`,
    [userIds],
  );
  const byUser = new Map<string, { id: string; from: number; to: number }[]>();
  for (const { user_id: userId, id, from, to } of rows) {
    const known = byUser.get(userId);
    if (known) known.push({ id, from, to });
    else byUser.set(userId, [{ id, from, to }]);
  }
  return byUser;
}
