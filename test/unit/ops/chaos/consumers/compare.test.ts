import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compareLetters } from '../../../../../ops/chaos/consumers/compare-letters.ts';
import { compareState } from '../../../../../ops/chaos/consumers/compare-state.ts';
import { type LetterFact, letterKey } from '../../../../../ops/chaos/consumers/ledger.ts';
import type { ReferenceLimits } from '../../../../../ops/chaos/consumers/reference.ts';
import type { ProfileRow, SessionRow, Tables } from '../../../../../ops/chaos/consumers/tables.ts';
import { interaction } from '../../../pipeline/stages/aggregation/events.ts';

const limits: ReferenceLimits = {
  sessionGapMs: 1_800_000,
  sessionItemCap: 10,
  historySize: 10,
  affinityDays: 5,
  affinityLimit: 10,
  itemSetLimit: 5,
};
const at = 1_700_000_000_000;
const user = 'default|u1';
const hour = Math.floor(at / 3_600_000);
const uuid = (eventId: string) =>
  createHash('sha256')
    .update(`default\u001f${eventId}`)
    .digest('hex')
    .slice(0, 32)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A click and a purchase of one user, and everything that has to be there for them. */
function world() {
  const events = [
    interaction({ eventId: 'e1', occurredAt: at }),
    interaction({ eventId: 'e2', occurredAt: at + 1_000, type: 'purchase' }),
  ];
  const items = [
    { item_id: 'i1', type: 'click', occurred_at: at },
    { item_id: 'i1', type: 'purchase', occurred_at: at + 1_000 },
  ];
  const session = {
    namespace: 'default',
    user_id: 'u1',
    session_id: `g:${at}:e1`,
    first_occurred_at: at,
    last_occurred_at: at + 1_000,
    items,
  };
  const record = {
    namespace: 'default',
    user_id: 'u1',
    revision: 2,
    anonymous: false,
    locale: null,
    segment: '|',
    last_event: { event_id: 'e2', received_at: at + 1_000, occurred_at: at + 1_000 },
    current_session: session,
    recent: [...items].reverse(),
    bought: [{ item_id: 'i1', occurred_at: at + 1_000 }],
    dismissed: [],
    in_cart: [],
    affinity: [],
  };
  const entries = [
    { eventId: 'e1', itemId: 'i1', type: 'click', occurredAt: at },
    { eventId: 'e2', itemId: 'i1', type: 'purchase', occurredAt: at + 1_000 },
  ];
  const row: ProfileRow = {
    revision: 2,
    last: { eventId: 'e2', receivedAt: at + 1_000, occurredAt: at + 1_000 },
    anonymous: false,
    locale: null,
    segment: '|',
    currentSession: session.session_id,
    older: [],
    bought: [['i1', at + 1_000]],
    dismissed: [],
    added: [],
    affinity: [],
  };
  const stored: SessionRow = {
    sessionId: session.session_id,
    firstOccurredAt: at,
    lastOccurredAt: at + 1_000,
    entries,
  };
  const acted = (eventId: string, occurredAt: number) => ({
    namespace: 'default',
    userId: 'u1',
    itemId: 'i1',
    eventId,
    kind: 'acted',
    requestId: null,
    position: null,
    sources: null,
    variant: null,
    occurredAt,
  });
  const tables: Tables = {
    profiles: new Map([[user, row]]),
    sessions: new Map([[user, [stored]]]),
    activity: { [`default ${hour} | i1 click`]: 1, [`default ${hour} | i1 purchase`]: 1 },
    exposures: [acted('e1', at), acted('e2', at + 1_000)],
    applied: new Map(['e1', 'e2'].map((id) => [uuid(id), 1])),
    deadLetters: [],
    lettersWritten: [],
  };
  const ledger = { profiles: new Map([['1|default|u1', record]]), sessions: new Map([['key', session]]) };
  const compare = (changed: Partial<Tables> = {}, of: Partial<typeof ledger> = {}) =>
    compareState({
      accepted: { interactions: events, impressions: [] },
      ledger: { ...ledger, ...of },
      tables: { ...tables, ...changed },
      limits,
    });
  return { tables, record, row, stored, compare };
}

describe('the comparison of a whole state with its reference', () => {
  it('has nothing to say where all is as it has to be', () => {
    expect(world().compare()).toEqual([]);
  });

  it('tells an event that was not applied, and one that was applied twice', () => {
    const { compare } = world();
    expect(compare({ applied: new Map([[uuid('e1'), 2]]) })).toEqual([
      'applied_event: e2 was not applied',
      `applied_event: ${uuid('e1')} was applied 2 times`,
    ]);
  });

  it('tells a count that is one too many', () => {
    const { compare, tables } = world();
    const activity = { ...tables.activity, [`default ${hour} | i1 click`]: 2 };
    expect(compare({ activity })).toEqual([`item_activity: default ${hour} | i1 click has 2, not 1`]);
  });

  it('tells a profile that lags behind its table, by user and field', () => {
    const { compare, record } = world();
    const old = { ...record, revision: 1, recent: record.recent.slice(1) };
    const [first, second] = compare({}, { profiles: new Map([['1|default|u1', old]]) });
    expect(first).toContain(`state differs: user ${user}, record: recent[0]`);
    expect(second).toBe(`state differs: user ${user}, revision: the table is 2, not 1`);
  });

  it('tells a session that should have been merged away', () => {
    const { compare, stored } = world();
    const left = { ...stored, sessionId: `g:${at + 1_000}:e2` };
    expect(compare({ sessions: new Map([[user, [stored, left]]]) })[0]).toContain('tables: sessions[1]');
  });

  it('tells a user whose state nobody should have', () => {
    const { compare, row, tables } = world();
    const profiles = new Map([...tables.profiles, ['default|u2', row] as const]);
    expect(compare({ profiles })[0]).toContain('user default|u2, tables: user_profile is {');
  });

  it('tells an exposure that is missing', () => {
    const { compare, tables } = world();
    expect(compare({ exposures: tables.exposures.slice(1) })[0]).toContain('exposure: default u1 i1 e1 acted');
  });
});

describe('the comparison of dead letters', () => {
  const fact = (offset: string, reason: string): LetterFact => ({
    stateVersion: 0,
    stage: 'enrichment',
    topic: 'recorded',
    partition: 3,
    offset,
    reason,
  });
  const byKey = (...facts: LetterFact[]) => new Map(facts.map((one) => [letterKey(one), one]));

  it('tells those that are missing, those of sound records and those of another reason', () => {
    const expected = byKey(fact('1', 'undecodable'), fact('2', 'schema_unknown'));
    const rows = [fact('2', 'undecodable'), fact('9', 'unhandled')];
    const words = compareLetters(
      { expectedLetters: expected, letters: expected },
      { deadLetters: rows as never, lettersWritten: [] },
    );
    expect(words).toEqual([
      'dead_letter: no letter enrichment recorded/3@1 (undecodable)',
      'dead_letter: enrichment recorded/3@9 (unhandled) is no poison',
      'dead_letter: enrichment recorded/3@2 is dead for undecodable, not schema_unknown',
    ]);
  });
});
