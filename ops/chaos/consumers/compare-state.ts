import { createHash } from 'node:crypto';
import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import type { Fields } from './decode.ts';
import { firstDifference, some } from './difference.ts';
import type { Ledger } from './ledger.ts';
import { type ReferenceLimits, referenceActivity, referenceExposures, referenceUser } from './reference.ts';
import type { ProfileRow, SessionRow, Tables } from './tables.ts';

/** Every event that was accepted, once. */
export interface Accepted {
  readonly interactions: readonly InteractionEnriched[];
  readonly impressions: readonly ImpressionRecorded[];
}

export interface CompareOptions {
  readonly accepted: Accepted;
  readonly ledger: Pick<Ledger, 'profiles' | 'sessions'>;
  readonly tables: Tables;
  readonly limits: ReferenceLimits;
}

type Expected = NonNullable<ReturnType<typeof referenceUser>>;

const keyOf = ({ namespace, user_id: userId }: Fields): string => `${namespace}|${userId}`;
const userOf = (one: { readonly namespace: string; readonly userId: string }) => `${one.namespace}|${one.userId}`;

/** The whole state, tables and derived records, against the reference; every difference in words. */
export function compareState({ accepted, ledger, tables, limits }: CompareOptions): string[] {
  const events = Map.groupBy(accepted.interactions, userOf);
  const records = [...ledger.profiles.values()].map((record) => [keyOf(record), record] as const);
  const profiles = new Map(records);
  const sessions = Map.groupBy(ledger.sessions.values(), keyOf);
  const users = new Set([...events.keys(), ...profiles.keys(), ...sessions.keys()]);
  for (const user of [...tables.profiles.keys(), ...tables.sessions.keys()]) users.add(user);
  const lines = [...users].flatMap((user) => {
    const expected = referenceUser(events.get(user) ?? [], limits);
    const differences = [
      ['record', profileDifference(profiles.get(user), sessions.get(user) ?? [], expected)],
      ['tables', rowDifference(tables.profiles.get(user), tables.sessions.get(user) ?? [], expected, limits)],
      ['revision', firstDifference(tables.profiles.get(user)?.revision, profiles.get(user)?.revision, 'the table')],
    ] as const;
    return differences.flatMap(([where, words]) => (words === undefined ? [] : [`user ${user}, ${where}: ${words}`]));
  });
  return [
    ...some('state differs', lines),
    ...some('item_activity', countDifferences(tables.activity, referenceActivity(accepted.interactions))),
    ...some('exposure', exposureDifferences(tables.exposures, accepted)),
    ...some('applied_event', appliedDifferences(tables.applied, accepted)),
  ];
}

interface Derived {
  readonly itemId: string;
  readonly type: string;
  readonly occurredAt: number;
}

const derivedItems = (items: readonly Fields[]): Derived[] =>
  items.map((one) => ({ itemId: one.item_id, type: one.type, occurredAt: one.occurred_at }));
const pairs = (items: readonly Fields[]) => items.map((one) => [one.item_id, one.occurred_at]);
const sessionOf = (one: Fields) => ({
  sessionId: one.session_id,
  firstOccurredAt: one.first_occurred_at,
  lastOccurredAt: one.last_occurred_at,
  items: derivedItems(one.items),
});

const currentItems = 50;

function profileDifference(profile: Fields | undefined, sessions: readonly Fields[], expected: Expected | undefined) {
  if (profile === undefined || expected === undefined) return firstDifference(profile, expected, 'the profile');
  const current = expected.sessions.find(({ sessionId }) => sessionId === expected.currentSession);
  const last = profile.last_event;
  return firstDifference(
    {
      lastEvent: { eventId: last.event_id, receivedAt: last.received_at, occurredAt: last.occurred_at },
      anonymous: profile.anonymous,
      locale: profile.locale,
      segment: profile.segment,
      recent: derivedItems(profile.recent),
      bought: pairs(profile.bought),
      dismissed: pairs(profile.dismissed),
      inCart: pairs(profile.in_cart),
      affinity: profile.affinity,
      sessions: sessions.map(sessionOf).sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
      currentSession: profile.current_session && sessionOf(profile.current_session),
    },
    { ...expected, currentSession: current ? { ...current, items: current.items.slice(-currentItems) } : null },
  );
}

function rowDifference(
  row: ProfileRow | undefined,
  sessions: readonly SessionRow[],
  expected: Expected | undefined,
  limits: ReferenceLimits,
) {
  if (row === undefined || expected === undefined) return firstDifference(row, expected, 'user_profile');
  const entries = sessions.find(({ sessionId }) => sessionId === row.currentSession)?.entries ?? [];
  const newest = [...row.older, ...entries].sort(
    (a, b) => b.occurredAt - a.occurredAt || (a.eventId < b.eventId ? 1 : -1),
  );
  const bought = new Map(row.bought);
  const horizon = row.bought.length < limits.itemSetLimit ? -Infinity : Math.min(...bought.values());
  const item = ({ itemId, type, occurredAt }: Derived) => ({ itemId, type, occurredAt });
  return firstDifference(
    {
      lastEvent: row.last,
      anonymous: row.anonymous,
      locale: row.locale,
      segment: row.segment,
      currentSession: row.currentSession,
      recent: newest.slice(0, limits.historySize).map(item),
      bought: row.bought,
      dismissed: row.dismissed,
      inCart: row.added.filter(([id, at]) => at > horizon && at > (bought.get(id) ?? -Infinity)),
      affinity: [...row.affinity].sort(byDayAndTag),
      sessions: sessions.map(({ entries: all, ...session }) => ({ ...session, items: all.map(item) })),
    },
    { ...expected, affinity: [...expected.affinity].sort(byDayAndTag) },
  );
}

type Count = Expected['affinity'][number] | ProfileRow['affinity'][number];
const byDayAndTag = (a: Count, b: Count) => {
  const [one, other] = [a, b].map(({ day, tag, type }) => `${day} ${type} ${tag}`) as [string, string];
  return one < other ? -1 : 1;
};

function countDifferences(found: Readonly<Record<string, number>>, expected: Readonly<Record<string, number>>) {
  return [...new Set([...Object.keys(found), ...Object.keys(expected)])]
    .filter((key) => found[key] !== expected[key])
    .map((key) => `${key} has ${found[key] ?? 0}, not ${expected[key] ?? 0}`);
}

function exposureDifferences(rows: Tables['exposures'], { interactions, impressions }: Accepted): string[] {
  const key = ({ namespace, userId, itemId, eventId, kind }: Readonly<Record<string, unknown>>) =>
    [namespace, userId, itemId, eventId, kind].join(' ');
  const found = new Map(rows.map((row) => [key(row), row]));
  const expected = new Map(referenceExposures(interactions, impressions).map((row) => [key({ ...row }), row]));
  return [...new Set([...found.keys(), ...expected.keys()])].flatMap((one) => {
    const words = firstDifference(found.get(one), expected.get(one));
    return words === undefined ? [] : [`${one}: ${words}`];
  });
}

/** The id of an event as `applied_event` keeps it: the head of sha256(namespace, 0x1f, event_id) as a uuid. */
function appliedId({ namespace, eventId }: { readonly namespace: string; readonly eventId: string }): string {
  const hex = createHash('sha256').update(`${namespace}\u001f${eventId}`).digest('hex');
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function appliedDifferences(found: ReadonlyMap<string, number>, { interactions, impressions }: Accepted): string[] {
  const expected = new Map([...interactions, ...impressions].map((event) => [appliedId(event), event.eventId]));
  const lost = [...expected].filter(([id]) => !found.has(id)).map(([, eventId]) => `${eventId} was not applied`);
  const extra = [...found.keys()].filter((id) => !expected.has(id)).map((id) => `${id} is of no accepted event`);
  const twice = [...found].filter(([, times]) => times > 1).map(([id, times]) => `${id} was applied ${times} times`);
  return [...lost, ...extra, ...twice];
}
