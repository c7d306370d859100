import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateUp } from '../../../ops/migrate/migrate.ts';
import { parseInteraction } from '../../../pipeline/domain/intake/interaction.ts';
import { murmur2, shardOf } from '../../../pipeline/domain/murmur2.ts';
import { defaultSettings } from '../../../pipeline/domain/settings.ts';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { append, type OutboxEvent, throughDrizzle } from '../../../pipeline/stores/postgres/outbox-writer/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createServiceDatabase, type ServiceDatabase } from '../../support/service-database.ts';

let service: ServiceDatabase;
let owner: pg.Client;
let client: pg.Client;

beforeAll(async () => {
  service = await createServiceDatabase();
  owner = await service.connect();
  client = await service.connect(service.serviceUrl);
  await client.query('CREATE TABLE orders (id text PRIMARY KEY)');
});
beforeEach(() => client.query('BEGIN'));
afterEach(async () => {
  await client.query('ROLLBACK');
  await owner.query('DELETE FROM freshet.outbox');
});
afterAll(() => service.close());

const event = (over: Record<string, unknown> = {}): OutboxEvent =>
  ({ event_id: 'e-1', user_id: 'u-1', item_id: 'i-1', type: 'view', ...over }) as OutboxEvent;

interface Row {
  readonly shard: number;
  readonly topic: string;
  readonly key: string;
  readonly eventId: string;
  readonly payload: Record<string, unknown>;
  readonly occurredAt: Date;
  readonly traceparent: string | null;
}

async function rows(): Promise<Row[]> {
  const result = await owner.query(
    `SELECT shard, topic, convert_from(key, 'UTF8') AS key, event_id AS "eventId", occurred_at AS "occurredAt",
            convert_from(payload, 'UTF8')::jsonb AS payload, traceparent
       FROM freshet.outbox ORDER BY seq`,
  );
  return result.rows;
}

const appendSql = (one: unknown, notify = true) =>
  client.query('SELECT freshet.append_event($1::jsonb, $2)', [JSON.stringify(one), notify]);

describe('an event in a transaction', () => {
  it.each([
    ['append()', () => append(client, [event({ namespace: 'shop' })])],
    ['freshet.append_event()', () => appendSql(event({ namespace: 'shop' }))],
  ])('is a row for the JSON topic once it commits, by %s', async (_, write) => {
    await write();
    expect(await rows()).toEqual([]);
    const before = Date.now();
    await client.query('COMMIT');
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ topic: 'engagement-events', key: 'shop|u-1', eventId: 'e-1', traceparent: null });
    expect(row?.shard).toBe(shardOf(Buffer.from('shop|u-1')));
    const { occurred_at: at, ...rest } = row?.payload ?? {};
    expect(rest).toEqual(event({ namespace: 'shop' }));
    expect(Math.abs((at as number) - before)).toBeLessThan(60_000);
    expect(row?.occurredAt.getTime()).toBe(at);
    const rules = { receivedAt: before, settingsOf: () => defaultSettings, trace: null };
    expect(parseInteraction(row?.payload, '$', rules)).toMatchObject({ ok: true });
  });

  it('is none where the transaction, or a savepoint round it, is rolled back', async () => {
    await append(client, [event({ event_id: 'kept' })]);
    await client.query('SAVEPOINT part');
    await append(client, [event({ event_id: 'undone' })]);
    await client.query('ROLLBACK TO SAVEPOINT part');
    await client.query('COMMIT');
    expect((await rows()).map(({ eventId }) => eventId)).toEqual(['kept']);
    await client.query('BEGIN');
    await append(client, [event({ event_id: 'gone' })]);
    await client.query('ROLLBACK');
    expect(await rows()).toHaveLength(1);
  });

  it('keeps its own time, whichever way it is written, and its trace', async () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const at = Date.UTC(2026, 0, 31, 9, 30, 0, 125);
    const ways = [new Date(at), at, at / 1_000, '2026-01-31T11:00:00.125+01:30', '2026-01-31t09:30:00,1259Z'];
    await append(
      client,
      ways.map((occurred_at, n) => event({ event_id: `e-${n}`, occurred_at, trace })),
    );
    await client.query('COMMIT');
    const written = await rows();
    expect(written.map(({ occurredAt }) => occurredAt.getTime())).toEqual(ways.map(() => at));
    expect(written.map(({ payload }) => payload.occurred_at)).toEqual([new Date(at).toISOString(), ...ways.slice(1)]);
    expect(written.every(({ traceparent }) => traceparent === trace)).toBe(true);
  });

  it('is one of many in the order given', async () => {
    const ids = Array.from({ length: 1_000 }, (_, n) => `e-${(n * 7_919) % 1_000}`);
    await append(
      client,
      ids.map((event_id, n) => event({ event_id, user_id: `u-${n % 13}` })),
    );
    await client.query('COMMIT');
    expect((await rows()).map(({ eventId }) => eventId)).toEqual(ids);
  });

  it('goes through a transaction of drizzle', async () => {
    const db = drizzle(client);
    const work = db.transaction(async (tx) => {
      await append(throughDrizzle(tx, sql), [event({ event_id: 'd-1' }), event({ event_id: 'd-2' })]);
      await expect(append(throughDrizzle(tx, sql), [event()], { topic: 'others' })).rejects.toMatchObject({
        code: 'topic_not_allowed',
      });
      throw new Error('undone');
    });
    await expect(work).rejects.toThrow('undone');
    await db.transaction((tx) => append(throughDrizzle(tx, sql), [event({ event_id: 'd-3' })]));
    await client.query('COMMIT');
    expect((await rows()).map(({ eventId }) => eventId)).toEqual(['d-3']);
  });
});

describe('the shard', () => {
  it('is the same in SQL as in TypeScript, and as Kafka computes it', async () => {
    const golden: readonly [string, number][] = [
      ['21', -973_932_308],
      ['foobar', -790_332_482],
      ['a-little-bit-long-string', -985_981_536],
      ['a-little-bit-longer-string', -1_486_304_829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
      ['abc', 479_470_107],
    ];
    const keys = [
      ...golden.map(([text]) => Buffer.from(text)),
      ...fc.sample(fc.uint8Array({ maxLength: 40 }), { numRuns: 2_000, seed: 6 }).map((bytes) => Buffer.from(bytes)),
    ];
    const { rows: found } = await owner.query<{ hash: number; shard: number }>(
      `SELECT freshet.murmur2(key) AS hash, freshet.outbox_shard(key) AS shard
         FROM unnest($1::bytea[]) WITH ORDINALITY AS k (key, ord) ORDER BY ord`,
      [keys],
    );
    expect(found.slice(0, golden.length).map(({ hash }) => hash)).toEqual(golden.map(([, hash]) => hash));
    expect(found).toEqual(keys.map((key) => ({ hash: murmur2(key), shard: shardOf(key) })));
  });
});

const spoilt: readonly Record<string, unknown>[] = [
  { event_id: undefined },
  { event_id: '' },
  { event_id: 7 },
  { event_id: 'a b' },
  { event_id: 'é' },
  { event_id: 'x'.repeat(65) },
  { event_id: 'a\n' },
  { source_event_id: 'another' },
  { event_id: 7, source_event_id: 'another' },
  { source_event_id: 'a b' },
  { user_id: undefined },
  { user_id: null },
  { user_id: '' },
  { user_id: 'tab\tbed' },
  { user_id: '\u0085' },
  { user_id: '😀'.repeat(129) },
  { user_id: {} },
  { namespace: 'Shop' },
  { namespace: 'a|b' },
  { namespace: '-a' },
  { namespace: 'n'.repeat(65) },
  { occurred_at: '2026-01-31T09:30:00' },
  { occurred_at: '2026-01-31' },
  { occurred_at: '1769851800' },
  { occurred_at: 'yesterday' },
  { occurred_at: '2026-02-29T00:00:00Z' },
  { occurred_at: '2026-13-01T00:00:00Z' },
  { occurred_at: '2026-01-31T24:00:00Z' },
  { occurred_at: '2026-01-31T09:30:00+19:00' },
  { occurred_at: '0000-01-31T09:30:00Z' },
  { occurred_at: '0001-01-01T00:00:00+01:00' },
  { occurred_at: 1e300 },
  { occurred_at: true },
  { trace: 'nonsense' },
  { trace: `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01` },
];
const sound: readonly Record<string, unknown>[] = [
  { event_id: 'A-z_0.9:' },
  { event_id: 'x'.repeat(64) },
  { source_event_id: 'e-1' },
  { event_id: undefined, source_event_id: 'alias' },
  { user_id: '😀'.repeat(128) },
  { namespace: '0.a_b-c' },
  { namespace: null, occurred_at: null, trace: null },
  { occurred_at: '2024-02-29T23:59:59+18:00' },
  { occurred_at: '0001-01-01T00:00:00Z' },
  { occurred_at: -62_135_596_800 },
];

/** How the SQL function refuses. */
async function refusedInSql(one: unknown) {
  await client.query('SAVEPOINT try');
  try {
    await client.query('SELECT freshet.append_events($1::jsonb)', [JSON.stringify([one])]);
    return undefined;
  } catch (error) {
    const { code, message, hint, constraint, column } = error as pg.DatabaseError;
    expect(code).toBe('22023');
    return { code: constraint, message: `${message}. ${hint}`, field: column };
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT try');
  }
}

/** How `append` refuses; nothing of it may reach the database. */
async function refusedHere(one: unknown) {
  const asked: string[] = [];
  const error = await append({ query: async (text) => asked.push(text) }, [one as OutboxEvent]).catch((e) => e);
  if (error === undefined) return undefined;
  expect(error).toBeInstanceOf(FreshetError);
  expect(asked).toEqual([]);
  const { code, message, fields } = error as FreshetError;
  return { code, message, field: String(fields.path).split('.')[1] };
}

describe('a fault', () => {
  it.each(spoilt.map((over) => [JSON.stringify(over).slice(0, 60), over] as const))(
    'is refused in the same words by SQL and by append(): %s',
    async (_, over) => {
      const here = await refusedHere(event(over));
      expect(here).toBeDefined();
      expect(here).toEqual(await refusedInSql(event(over)));
    },
  );

  it.each(sound.map((over) => [JSON.stringify(over).slice(0, 60), over] as const))(
    'is none by SQL nor by append(): %s',
    async (_, over) => {
      expect(await refusedHere(event(over))).toBeUndefined();
      expect(await refusedInSql(event(over))).toBeUndefined();
    },
  );

  it.each([7, 'text', null, [event()]].map((one) => [one]))('is that %j is no event', async (one) => {
    const here = await refusedHere(one);
    expect(here).toMatchObject({ code: 'wrong_type' });
    expect({ ...here, field: '' }).toEqual({ ...(await refusedInSql(one)), field: '' });
  });

  it('is that an event_id comes twice, that there are too many, or that one is too large', async () => {
    const many = Array.from({ length: 1_001 }, (_, n) => event({ event_id: `e-${n}` }));
    const lists = [[event(), event({ namespace: 'other' }), event()], many];
    for (const list of lists) {
      const here = await append({ query: async () => undefined }, list).catch((error: FreshetError) => error.message);
      await client.query('SAVEPOINT try');
      const there = await client
        .query('SELECT freshet.append_events($1::jsonb)', [JSON.stringify(list)])
        .catch(({ message, hint }: pg.DatabaseError) => `${message}. ${hint}`);
      await client.query('ROLLBACK TO SAVEPOINT try');
      expect(here).toMatch(/comes twice|has 1001 events, at most 1000/);
      expect(here).toBe(there);
    }
    const large = event({ properties: { a: 'x'.repeat(1_000_000) } });
    expect(await refusedHere(large)).toMatchObject({ code: 'too_large' });
    expect(await refusedInSql(large)).toMatchObject({ code: 'too_large' });
  });

  it('of append() is found before anything is sent, so that the transaction goes on', async () => {
    await client.query("INSERT INTO orders VALUES ('o-1')");
    const bad = [{ title: 'a\u0000b' }, { 'k\ud800': 'x' }, { deep: '\\\\\ud800' }];
    for (const properties of bad) {
      await expect(append(client, [event({ properties })])).rejects.toMatchObject({ code: 'malformed_text' });
    }
    await append(client, [event({ properties: { path: 'C:\\u0000', pair: '😀' } })]);
    await client.query('COMMIT');
    expect((await rows())[0]?.payload.properties).toEqual({ path: 'C:\\u0000', pair: '😀' });
  });
});

describe('the service', () => {
  it('needs no right but to call the functions, and reaches no table by them', async () => {
    await append(client, [event()]);
    for (const text of [
      'SELECT FROM freshet.outbox',
      "UPDATE freshet.outbox_submit SET topics = '{others}'",
      "INSERT INTO freshet.outbox (shard, topic, key, event_id, occurred_at) VALUES (0, 't', '', 'e', now())",
    ]) {
      await client.query('SAVEPOINT try');
      await expect(client.query(text)).rejects.toMatchObject({ code: '42501' });
      await client.query('ROLLBACK TO SAVEPOINT try');
    }
  });

  it('is not taken in by objects of its own that look like those of the functions', async () => {
    await client.query('CREATE TEMP TABLE outbox_submit (one boolean, topics text[])');
    await client.query("INSERT INTO outbox_submit VALUES (true, '{others}')");
    await client.query('SET LOCAL search_path = pg_temp, public');
    await append(client, [event()]);
    await client.query('COMMIT');
    expect((await rows()).map(({ topic }) => topic)).toEqual(['engagement-events']);
    await client.query('DROP TABLE pg_temp.outbox_submit');
    await client.query('RESET search_path');
  });

  it('writes to the topics that the operator allows, the first by default', async () => {
    await expect(append(client, [event()], { topic: 'recommendation.profile.updated.v1' })).rejects.toMatchObject({
      code: 'topic_not_allowed',
      message: expect.stringContaining('(engagement-events)'),
    });
    await client.query('ROLLBACK');
    await owner.query("UPDATE freshet.outbox_submit SET topics = '{shop-events,engagement-events}'");
    try {
      await append(client, [event()]);
      await append(client, [event()], { topic: 'engagement-events' });
      expect((await rows()).map(({ topic }) => topic)).toEqual(['shop-events', 'engagement-events']);
    } finally {
      await owner.query("UPDATE freshet.outbox_submit SET topics = '{engagement-events}'");
    }
    for (const topics of ['{}', '{a,NULL}', '{a b}']) {
      await expect(owner.query('UPDATE freshet.outbox_submit SET topics = $1', [topics])).rejects.toThrow('check');
    }
  });

  it('is told what is missing', async () => {
    const stranger = await createServiceDatabase({ installed: false });
    const bare = await stranger.connect(stranger.serviceUrl);
    await expect(append(bare, [event()])).rejects.toMatchObject({
      code: 'outbox_missing',
      message: expect.stringContaining('migrate up --only outbox'),
    });
    await migrateUp({ url: stranger.url, only: 'outbox', log: createLogger('silent') });
    await expect(append(bare, [event()])).rejects.toMatchObject({
      code: 'outbox_forbidden',
      message: expect.stringContaining('GRANT EXECUTE'),
    });
    await stranger.close();
  });

  it('commits synchronously although its session asked not to, for that transaction alone', async () => {
    const setting = async () => (await client.query('SHOW synchronous_commit')).rows[0].synchronous_commit;
    await client.query('COMMIT');
    await client.query('SET synchronous_commit = off');
    await client.query('BEGIN');
    await append(client, [event()]);
    expect(await setting()).toBe('on');
    await client.query('COMMIT');
    expect(await setting()).toBe('off');
    await client.query('SET synchronous_commit = local');
    await client.query('BEGIN');
    await appendSql(event());
    expect(await setting()).toBe('local');
    await client.query('ROLLBACK');
    await client.query('RESET synchronous_commit');
  });

  it('wakes relays once a transaction when it commits, unless it says otherwise', async () => {
    const listener = await service.connect();
    let heard = 0;
    listener.on('notification', () => {
      heard += 1;
    });
    await listener.query('LISTEN freshet_outbox');
    await appendSql(event({ event_id: 'a' }), false);
    await append(client, [event({ event_id: 'b' })], { notify: false });
    await append(client, []);
    await client.query('COMMIT');
    await client.query('BEGIN');
    for (const event_id of ['c', 'd', 'e']) await append(client, [event({ event_id })]);
    await appendSql(event({ event_id: 'f' }));
    await client.query('COMMIT');
    await eventually(async () => {
      await listener.query('SELECT');
      expect(heard).toBe(1);
    });
    await listener.end();
  });
});
