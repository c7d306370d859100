import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventKeyId, profileKey, userKey } from '../../pipeline/domain/keys.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { jsonTopics, topics } from '../../schemas/topics.ts';
import { eventually } from '../support/eventually.ts';
import { idsOf, type Shopper } from '../support/shopper.ts';
import { submitted } from '../support/submitted.ts';
import { startWholeProcess, type WholeProcess } from '../support/whole-process.ts';

const namespace = 'shop';
const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** Sessions of others: who looks at `a` goes on to `b`, `c` or `d`. */
const sessions = { u1: ['a', 'b', 'c'], u2: ['a', 'b', 'd'], u3: ['a', 'c'], u4: ['e', 'f'], u5: ['g', 'h', 'e'] };
const surfaces = {
  home: { exclude_current: true, exclude_seen: true },
  feed: { exclude_current: false, exclude_seen: false },
};

let whole: WholeProcess;
let shopper: Shopper;

const query = <R extends object>(text: string, values: unknown[] = []) =>
  whole.process.pipeline.resources.database.query<R>({ text, values });
const upsertItem = (item_id: string, revision: number, fields: Record<string, unknown> = {}) =>
  shopper.post('/v1/items:upsert', { items: [{ namespace, item_id, revision, ...fields }] });

beforeAll(async () => {
  whole = await startWholeProcess({ name: 'e2e-list' });
  shopper = whole.shopper;
  const document = { namespace, kind: 'settings', id: 'default', revision: 1, body: { surfaces } };
  await shopper.post('/v1/config:upsert', { documents: [document] });
  await shopper.post('/v1/items:upsert', { items: items.map((item_id) => ({ namespace, item_id, revision: 1 })) });
  for (const item of items) {
    await eventually(async () =>
      expect((await shopper.call(`/v1/items/${item}?namespace=${namespace}`)).status).toBe(200),
    );
  }
  for (const [user_id, seen] of Object.entries(sessions)) {
    for (const item_id of seen) await shopper.tell({ user_id, session_id: 's', item_id });
  }
  await eventually(async () => expect((await shopper.similar('a')).toSorted()).toEqual(['b', 'c', 'd']));
  await eventually(async () => expect(idsOf(await shopper.list('nobody')).toSorted()).toEqual(items));
  await eventually(async () => expect((await shopper.list('nobody')).config_version).toBe(1));
});
afterAll(() => whole?.close());

describe('from an event to a list', () => {
  it('recommends what followed the item in sessions of others, and says why', async () => {
    const event = await shopper.tell({ user_id: 'anna', item_id: 'a' });
    const list = await shopper.listReflecting('anna', event, { surface: 'home' });
    expect(list).toMatchObject({ fallback_level: 'personal', reflects: { event_id: event.event_id } });
    expect(idsOf(list).slice(0, 3).toSorted()).toEqual(['b', 'c', 'd']);
    const [first] = list.items;
    expect(first).toMatchObject({ position: 1, sources: expect.arrayContaining(['session-knn']) });
    expect(first?.reasons).toContainEqual({ code: 'session', because: 'a' });
    expect(list.freshness_ms).toBeGreaterThanOrEqual(0);
  });

  it('answers a user whom nobody knows from what is popular, and says so', async () => {
    const list = await shopper.list('stranger');
    expect(list).toMatchObject({ fallback_level: 'global_popular', reflects: null });
    expect(idsOf(list).toSorted()).toEqual(items);
    expect(list.items.every(({ sources }) => sources.includes('popular'))).toBe(true);
  });

  it('counts an event that is sent again once', async () => {
    const event = { event_id: 'twice', namespace, user_id: 'tim', item_id: 'h', type: 'click' };
    const before = await countOf('h');
    expect(await shopper.post('/v1/events:batch', { events: [event] })).toMatchObject([{ status: 'accepted' }]);
    expect(await shopper.post('/v1/events:batch', { events: [event] })).toMatchObject([{ status: 'duplicate' }]);
    const later = await shopper.tell({ user_id: 'tim', item_id: 'h' });
    await shopper.listReflecting('tim', later);
    expect(await countOf('h')).toBe(before + 2);
  });

  it('reflects a custom interaction that has no item', async () => {
    const event = await shopper.tell({ user_id: 'carl', type: 'custom', context: { kind: 'search' } });
    const list = await shopper.listReflecting('carl', event);
    expect(list).toMatchObject({ fallback_level: 'global_popular', reflects: { event_id: event.event_id } });
  });
});

/** Interactions with an item that feature state has counted. */
async function countOf(itemId: string): Promise<number> {
  const [row] = await query<{ sum: bigint }>(
    'SELECT coalesce(sum(count), 0)::bigint AS sum FROM item_activity WHERE namespace = $1 AND item_id = $2',
    [namespace, itemId],
  );
  return Number(row?.sum);
}

describe('what was just seen', () => {
  it.each(items)(
    'is gone from the very next list where the surface asks for it, and only there: %s',
    async (item_id) => {
      const user_id = `seeing-${item_id}`;
      await shopper.tell({ user_id, item_id });
      expect(idsOf(await shopper.list(user_id, { surface: 'home' }))).not.toContain(item_id);
      expect(idsOf(await shopper.list(user_id, { surface: 'feed' }))).toContain(item_id);
    },
  );

  it('stays out when the list has caught up with it', async () => {
    await shopper.tell({ user_id: 'dora', item_id: 'a' });
    const event = await shopper.tell({ user_id: 'dora', item_id: 'b' });
    const shown = idsOf(await shopper.listReflecting('dora', event, { surface: 'home' }));
    expect(shown).not.toContain('a');
    expect(shown).not.toContain('b');
    expect(shown).toEqual(expect.arrayContaining(['c', 'd']));
  });
});

describe('consent', () => {
  const profileOf = (userId: string) =>
    query<{ body: unknown }>('SELECT body FROM user_profile WHERE namespace = $1 AND user_id = $2', [
      namespace,
      userId,
    ]);

  it('functional moves what a list reflects, and no list is made from it', async () => {
    const event = await shopper.tell({ user_id: 'fay', item_id: 'a', consent: 'functional' });
    const list = await shopper.listReflecting('fay', event);
    expect(list.fallback_level).not.toBe('personal');
    expect(list.items.flatMap(({ sources }) => sources)).not.toContain('session-knn');
    expect(await profileOf('fay')).toMatchObject([{ body: { currentSessionId: null, older: '', affinity: '' } }]);
  });

  it('none leaves no trace of the user anywhere but in the counts of the item', async () => {
    const before = await countOf('g');
    const { event_id } = await shopper.tell({ user_id: 'nia', item_id: 'g', consent: 'none' });
    await eventually(async () => expect(await countOf('g')).toBe(before + 1));
    expect(await query('SELECT FROM applied_event_0 WHERE id = $1', [eventKeyId(namespace, event_id)])).toHaveLength(1);
    // State and outputs are one transaction: what is not there now does not come later.
    expect(await profileOf('nia')).toEqual([]);
    expect(await query('SELECT FROM outbox WHERE key = $1', [profileKey(1, namespace, 'nia')])).toEqual([]);
    const { redis } = whole.process.pipeline.resources;
    expect(await redis.exists(redisKeys.recent(namespace, 'nia'), redisKeys.list(1, namespace, 'nia'))).toBe(0);
    expect(await shopper.list('nia')).toMatchObject({ reflects: null, fallback_level: 'global_popular' });
  });
});

describe('an item that may not be shown', () => {
  const revisionOf = new Map<string, number>();
  const change = async (item: string, fields: Record<string, unknown>) => {
    const revision = (revisionOf.get(item) ?? 1) + 1;
    revisionOf.set(item, revision);
    expect(await upsertItem(item, revision, fields)).toMatchObject([{ status: 'accepted' }]);
  };
  /** One list for each rung: personal, going on from the session, popular. */
  const everyList = async () => {
    const personal = await shopper.list('paul', { surface: 'feed' });
    expect(personal.fallback_level).toBe('personal');
    const popular = await shopper.list('stranger');
    expect(popular.fallback_level).toBe('global_popular');
    return [idsOf(personal), idsOf(popular), await shopper.similar('a')];
  };

  beforeAll(async () => {
    const event = await shopper.tell({ user_id: 'paul', item_id: 'a' });
    await shopper.listReflecting('paul', event);
  });

  it.each([
    ['unavailable', { available: false }],
    ['hidden', { hidden: true }],
    ['archived', { archived_at: '2024-01-01T00:00:00Z' }],
  ])('leaves every list when it is %s, and comes back', async (_, fields) => {
    for (const list of await everyList()) expect(list).toContain('b');
    await change('b', fields);
    await eventually(async () => {
      for (const list of await everyList()) expect(list).not.toContain('b');
    });
    await change('b', {});
    await eventually(async () => {
      for (const list of await everyList()) expect(list).toContain('b');
    });
  });

  it('leaves every list when it is deleted', async () => {
    const response = await fetch(`${whole.process.url}/v1/items/d?namespace=${namespace}&revision=2`, {
      method: 'DELETE',
    });
    expect(response.status).toBe(202);
    await eventually(async () => {
      for (const list of await everyList()) expect(list).not.toContain('d');
    });
  });
});

describe('a rule', () => {
  const write = (id: string, body: object) =>
    shopper.post('/v1/config:upsert', { documents: [{ namespace, kind: 'rule', id, revision: 1, body }] });

  it('is followed while the process runs, and no more once it is deleted', async () => {
    const first = async () => idsOf(await shopper.list('stranger'))[0];
    const usual = await first();
    const other = items.find((item) => item !== usual && item !== 'd') as string;
    expect(await write('top', { action: 'pin', item: other, position: 1 })).toMatchObject([{ status: 'accepted' }]);
    await eventually(async () => expect(await first()).toBe(other));
    await write('never', { action: 'block', items: [other] });
    await eventually(async () => expect(idsOf(await shopper.list('stranger'))).not.toContain(other));
    for (const id of ['top', 'never']) {
      const path = `${whole.process.url}/v1/rules/${id}?namespace=${namespace}`;
      expect((await fetch(path, { method: 'DELETE' })).status).toBe(202);
    }
    await eventually(async () => expect(await first()).toBe(usual));
  });
});

describe('a record that nobody can read', () => {
  it('becomes one dead letter with its reason, and the same user goes on', async () => {
    const { resources } = whole.process.pipeline;
    const key = userKey(namespace, 'zoe');
    const value = Buffer.from('no Avro at all');
    await resources.producer.send([{ topic: topics.interactionRecorded.name, records: [{ key, value }] }]);
    const event = await shopper.tell({ user_id: 'zoe', item_id: 'a' });
    await shopper.listReflecting('zoe', event);
    const letters = await eventually(async () => {
      const rows = await query('SELECT * FROM dead_letter');
      expect(rows).toHaveLength(1);
      return rows;
    });
    expect(letters[0]).toMatchObject({
      stage: 'enrichment',
      topic: topics.interactionRecorded.name,
      reason: 'undecodable',
      status: 'open',
      key,
      value,
    });
  });
});

describe('events that services hand in by a topic', () => {
  const send = (topic: string, userId: string, value: Buffer) =>
    whole.process.pipeline.resources.producer.send([{ topic, records: [{ key: userKey(namespace, userId), value }] }]);
  const expectReflected = async (userId: string, event_id: string) => {
    const list = await eventually(async () => {
      const answer = await shopper.list(userId, { surface: 'home' });
      expect(answer.reflects?.event_id).toBe(event_id);
      return answer;
    });
    expect(list.fallback_level).toBe('personal');
    expect(idsOf(list).slice(0, 3)).toEqual(expect.arrayContaining(['b', 'c']));
  };

  it('reach a list from JSON', async () => {
    const event = { event_id: 'by-json', namespace, user_id: 'jan', item_id: 'a', type: 'click' };
    await send(jsonTopics.engagementEvents.name, 'jan', Buffer.from(JSON.stringify(event)));
    await expectReflected('jan', 'by-json');
    expect(await shopper.post('/v1/events:batch', { events: [event] })).toMatchObject([{ status: 'duplicate' }]);
  });

  it('reach a list from Avro', async () => {
    const writer = await whole.process.pipeline.resources.codec.writer(topics.interactionSubmitted);
    const event = submitted('by-avro', { namespace, userId: 'ava', itemId: 'a' });
    await send(topics.interactionSubmitted.name, 'ava', writer.write(event));
    await expectReflected('ava', 'by-avro');
  });

  it('are dead letters for operators where they are wrong, with the codes of HTTP', async () => {
    const value = Buffer.from(JSON.stringify({ event_id: 'by-mistake', namespace, user_id: 'mia', type: 'click' }));
    await send(jsonTopics.engagementEvents.name, 'mia', value);
    await eventually(async () => {
      expect(await query(`SELECT * FROM dead_letter WHERE stage = 'intake'`)).toMatchObject([
        {
          topic: jsonTopics.engagementEvents.name,
          reason: 'invalid',
          message: 'required: $.item_id is required',
          event_id: 'by-mistake',
          value,
        },
      ]);
    });
  });
});

describe('for operators', () => {
  it('is ready', async () => {
    const response = await shopper.call('/readyz');
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('serves every metric of the catalogue, moved by what has happened', async () => {
    const text = await (await shopper.call('/metrics/prometheus')).text();
    for (const { name } of await whole.process.metrics.registry.getMetricsAsJSON()) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    for (const moved of [
      /^freshet_ingest_events_total\{door="http",kind="interaction",result="accepted",code=""\} [1-9]/m,
      /^freshet_ingest_events_total\{door="engagement-events",kind="interaction",result="rejected",code="required"\} 1$/m,
      /^freshet_relay_published_records_total\{topic="engagement.interaction.recorded.v1",outbox="main"\} [1-9]/m,
      /^freshet_stage_records_total\{stage="enrichment",version="0",outcome="[a-z_]+",reason=""\} [1-9]/m,
      /^freshet_candidates_lists_total\{kind="user"\} [1-9]/m,
      /^freshet_serving_lists_total\{level="personal"\} [1-9]/m,
      /^freshet_serving_catalog_items 8$/m,
      /^freshet_http_requests_total\{route="[^"]+",status="200"\} [1-9]/m,
    ]) {
      expect(text).toMatch(moved);
    }
  });

  it.each([
    ['/v1/recommendations/anna?namespace=shop', 200],
    ['/v1/recommendations/anna?namespace=no%7Cnamespace', 400],
    ['/v1/items/unheard-of?namespace=shop', 404],
    ['/v1/events', 405],
    ['/nowhere', 404],
    ['/healthz', 200],
    ['/readyz', 200],
    ['/metrics', 200],
  ])('names the request on every response: %s', async (path, status) => {
    const given = { 'x-request-id': 'request-7', 'x-correlation-id': 'visit-7' };
    const named = await shopper.call(path, undefined, given);
    expect(named.status).toBe(status);
    expect([named.headers.get('x-request-id'), named.headers.get('x-correlation-id')]).toEqual([
      'request-7',
      'visit-7',
    ]);
    const unnamed = await shopper.call(path);
    expect(unnamed.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(unnamed.headers.get('x-correlation-id')).toBe(unnamed.headers.get('x-request-id'));
  });

  it('has nothing that someone would have to act on', () => {
    expect(whole.fatal).toEqual([]);
    expect(whole.errors).toEqual([]);
  });
});
