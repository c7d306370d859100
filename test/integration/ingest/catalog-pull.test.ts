import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../../../ops/examples/catalog-service/api.ts';
import { openProducts, type Products } from '../../../ops/examples/catalog-service/products.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { eventually } from '../../support/eventually.ts';
import {
  startPull,
  startService,
  type TestPull,
  type TestPullOptions,
  type TestService,
} from '../../support/pull-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let db: Database;
let products: Products;
let service: TestService;
const pulls: TestPull[] = [];
/** Of the service, in order. */
let asked: URL[] = [];
/** What the service does instead of answering; undefined answers. */
let fault: ((url: URL) => { status: number; headers?: Record<string, string>; body?: string } | undefined) | undefined;

async function pull(over: Partial<TestPullOptions> = {}): Promise<TestPull> {
  const postgresUrl = workspace.config.FRESHET_POSTGRES_URL;
  const started = await startPull({ postgresUrl, url: service.url, owner: 'one', ...over });
  pulls.push(started);
  return started;
}

const rows = <R extends object>(text: string): Promise<R[]> => db.query<R>({ text });
const stored = async () => {
  const found = await rows<{ id: string; deleted: boolean }>(
    "SELECT id, deleted FROM upsert_revision WHERE namespace = 'shop' ORDER BY id",
  );
  return found.map(({ id, deleted }) => (deleted ? `${id} deleted` : id));
};
const outboxRows = async () => (await rows<{ key: Buffer }>('SELECT key FROM outbox')).map(({ key }) => key.toString());
const round = (one: TestPull, rounds: number) =>
  eventually(() => expect(one.status().rounds).toBeGreaterThanOrEqual(rounds), { withinMs: 20_000 });

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'catalog-pull' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});
afterAll(async () => {
  await db?.close();
  await workspace?.close();
});
beforeEach(async () => {
  await rows('TRUNCATE catalog_pull, upsert_revision, outbox');
  asked = [];
  fault = undefined;
  products = openProducts();
  const api = createApi(products, 'secret');
  service = await startService((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    asked.push(url);
    const instead = fault?.(url);
    if (instead) response.writeHead(instead.status, instead.headers).end(instead.body);
    else api.emit('request', request, response);
  });
});
afterEach(async () => {
  await Promise.all(pulls.splice(0).map((one) => one.stop()));
  await service.close();
});

describe('the pull from a catalogue service', () => {
  it('takes every page, then only what changed, and nothing twice', async () => {
    for (let i = 0; i < 1_201; i += 1) products.put(`p-${i}`, { price: '1.00', currency: 'EUR' });
    const one = await pull({ token: 'secret' });
    await round(one, 1);
    expect(await stored()).toHaveLength(1_201);
    expect(asked[0]?.searchParams.get('updated_since')).toBeNull();
    expect(asked.slice(0, 3).map((url) => url.searchParams.has('cursor'))).toEqual([false, true, true]);
    products.put('p-7', { price: '2.00', currency: 'EUR' });
    products.remove('p-8');
    await eventually(async () => expect(await stored()).toContain('p-8 deleted'));
    const since = asked.at(-1)?.searchParams.get('updated_since') ?? '';
    expect(Date.parse(since)).toBeGreaterThan(Date.now() - 60_000);
    const { rounds } = one.status();
    await round(one, rounds + 2);
    expect(await outboxRows()).toHaveLength(1_203);
    expect(one.status()).toMatchObject({ problem: null, items: { accepted: 1_203, rejected: 0 } });
  });

  it('goes on in the middle after a restart, with the page that was not stored', async () => {
    for (let i = 0; i < 1_200; i += 1) products.put(`p-${i}`, {});
    let pages = 0;
    fault = () => {
      pages += 1;
      return pages > 2 ? { status: 503 } : undefined;
    };
    const first = await pull({ token: 'secret' });
    await eventually(() => expect(first.status()).toMatchObject({ state: 'waiting', problem: 'answered 503' }));
    await first.stop();
    expect(await stored()).toHaveLength(1_000);
    asked = [];
    fault = undefined;
    const second = await pull({ token: 'secret', owner: 'two', everyMs: 60_000 });
    await round(second, 1);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.searchParams.get('cursor')).not.toBeNull();
    expect(await stored()).toHaveLength(1_200);
  });

  it('asks again after 429, and loses nothing', async () => {
    products.put('mug', {});
    let refusals = 0;
    fault = () => {
      refusals += 1;
      return refusals <= 2 ? { status: 429, headers: { 'retry-after': '0' } } : undefined;
    };
    const one = await pull({ token: 'secret' });
    await round(one, 1);
    expect(await stored()).toEqual(['mug']);
    expect(await one.metrics.catalogPullPages.get()).toMatchObject({
      values: expect.arrayContaining([expect.objectContaining({ labels: { result: 'away' }, value: 2 })]),
    });
  });

  it('stores what is valid, and counts and names what is not, which holds up nothing', async () => {
    const valid = { item_id: 'ok', updated_at: '2026-01-02T00:00:00Z' };
    const items = [
      { item_id: 'bad-price', updated_at: '2026-01-01T00:00:00Z', price: '-1', currency: 'EUR' },
      { item_id: 'no-change' },
      { item_id: 'elsewhere', updated_at: '2026-01-01T00:00:00Z', namespace: 'other' },
      { item_id: 'odd', updated_at: '2026-01-01T00:00:00Z', deleted: 'yes' },
      { item_id: 'later', updated_at: '2999-01-01T00:00:00Z' },
      'nothing',
      valid,
    ];
    fault = () => ({ status: 200, body: JSON.stringify({ items, next_cursor: null }) });
    const one = await pull({ everyMs: 60_000 });
    await round(one, 1);
    expect(await stored()).toEqual(['ok']);
    expect(one.status().items).toEqual({ accepted: 1, unchanged: 0, stale: 0, rejected: 6 });
    const line = one.lines.find((text) => text.includes('are not valid')) ?? '{}';
    expect((JSON.parse(line) as { items: object[] }).items).toMatchObject([
      { itemId: 'bad-price', code: 'invalid_format', path: '$.items[0].price' },
      { itemId: 'no-change', code: 'required', path: '$.items[1].updated_at' },
      { itemId: 'elsewhere', code: 'not_allowed', path: '$.items[2].namespace' },
      { itemId: 'odd', code: 'wrong_type', path: '$.items[3].deleted' },
      { itemId: 'later', code: 'in_future', path: '$.items[4].updated_at' },
      { itemId: null, code: 'wrong_type', path: '$.items[5]' },
    ]);
    const [mark] = await rows<{ since: bigint }>('SELECT since FROM catalog_pull');
    expect(Number(mark?.since)).toBe(Date.parse(valid.updated_at));
  });

  it('never lets an older row overwrite what another door wrote later', async () => {
    await rows(`INSERT INTO upsert_revision (kind, namespace, id, revision, digest)
                VALUES ('item', 'shop', 'mug', ${Date.now() + 60_000}, '')`);
    products.put('mug', {});
    const one = await pull({ token: 'secret' });
    await round(one, 1);
    expect(one.status().items).toMatchObject({ accepted: 0, stale: 1 });
    expect(await outboxRows()).toEqual([]);
  });

  it('begins the round again where the service has forgotten its cursor', async () => {
    for (let i = 0; i < 600; i += 1) products.put(`p-${i}`, {});
    let isForgotten = true;
    fault = (url) => {
      if (!url.searchParams.has('cursor') || !isForgotten) return undefined;
      isForgotten = false;
      return { status: 410 };
    };
    await round(await pull({ token: 'secret' }), 1);
    expect(asked.slice(0, 4).map((url) => url.searchParams.has('cursor'))).toEqual([false, true, false, true]);
    expect(await stored()).toHaveLength(600);
  });

  it('is done by one process at a time, and by another as soon as that one stops', async () => {
    products.put('mug', {});
    const first = await pull({ token: 'secret' });
    await round(first, 1);
    const second = await pull({ token: 'secret', owner: 'two' });
    await eventually(() => expect(second.status().state).toBe('standby'));
    expect(second.status().rounds).toBe(0);
    await first.stop();
    const [mark] = await rows<{ owner: string | null }>('SELECT owner FROM catalog_pull');
    expect(mark?.owner).toBeNull();
    await second.stop();
    await round(await pull({ token: 'secret', owner: 'three' }), 1);
  });

  it('does not pull sooner after a restart, nor where the lease lapses between two rounds', async () => {
    products.put('mug', {});
    const everyMs = 600_000;
    const rests = async (owner: string) => {
      const one = await pull({ token: 'secret', owner, everyMs });
      await eventually(() => expect(one.status()).toMatchObject({ state: 'idle', problem: null }));
      return one;
    };
    const first = await rests('one');
    expect(first.status().rounds).toBe(1);
    await rows("UPDATE catalog_pull SET leased_until = clock_timestamp() - interval '1 s'");
    const second = await rests('two');
    await second.stop();
    await rests('three');
    expect(asked).toHaveLength(1);
    await rows("UPDATE catalog_pull SET round_ended_at = clock_timestamp() - interval '601 s', owner = NULL");
    const late = await pull({ token: 'secret', owner: 'four', everyMs });
    await round(late, 1);
    expect(asked).toHaveLength(2);
  });

  it('finds what changed during a round on a page that was read before', async () => {
    const at = (ms: number) => new Date(ms).toISOString();
    const [before, later] = [Date.now() - 60_000, Date.now() + 60_000];
    const row = (item_id: string, updated_at: string) => ({ item_id, updated_at });
    // By id, not by change: `a` changes after its page was read, and `b` after that.
    const changed = [row('a', at(later - 30_000)), row('b', at(later))];
    fault = (url) => {
      const since = Date.parse(url.searchParams.get('updated_since') ?? '');
      const isFirst = Number.isNaN(since) && !url.searchParams.has('cursor');
      const items = Number.isNaN(since)
        ? [isFirst ? row('a', at(before)) : row('b', at(later))]
        : changed.filter(({ updated_at }) => Date.parse(updated_at) >= since);
      return { status: 200, body: JSON.stringify({ items, next_cursor: isFirst ? 'b' : null }) };
    };
    await round(await pull({ overlapMs: 0 }), 2);
    const [a] = await rows<{ revision: bigint }>("SELECT revision FROM upsert_revision WHERE id = 'a'");
    expect(Number(a?.revision)).toBe(later - 30_000);
  });

  const faults: [string, ReturnType<NonNullable<typeof fault>>, Partial<TestPullOptions>, RegExp][] = [
    ['does not know the token', { status: 401 }, {}, /401: look at FRESHET_CATALOG_PULL_TOKEN/],
    ['is not there', { status: 404 }, {}, /404: look at FRESHET_CATALOG_PULL_URL/],
    ['redirects', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, {}, /redirects are not followed/],
    ['sends no JSON', { status: 200, body: '<html>' }, {}, /not JSON/],
    ['sends no list', { status: 200, body: '{"products":[]}' }, {}, /no list items/],
    ['sends a number as cursor', { status: 200, body: '{"items":[],"next_cursor":7}' }, {}, /next_cursor/],
    [
      'sends a cursor that Postgres refuses',
      { status: 200, body: String.raw`{"items":[],"next_cursor":"a\u0000"}` },
      {},
      /next_cursor/,
    ],
    [
      'sends a cursor without end',
      { status: 200, body: `{"items":[],"next_cursor":"${'a'.repeat(2_049)}"}` },
      {},
      /next_cursor/,
    ],
    ['sends too much', { status: 200, body: `{"items":["${'x'.repeat(2_000)}"]}` }, { maxBytes: 1_000 }, /1000 bytes/],
    [
      'sends too many',
      { status: 200, body: JSON.stringify({ items: Array(1_001).fill({}) }) },
      {},
      /more than 1000 items/,
    ],
  ];
  it.each(faults)('says so where the service %s, and stays ready', async (_, answer, over, why) => {
    fault = () => answer;
    const one = await pull(over);
    await eventually(() =>
      expect(one.status()).toMatchObject({ state: 'waiting', problem: expect.stringMatching(why) }),
    );
    expect(await stored()).toEqual([]);
  });

  it('gives up a page that does not end, and asks again', async () => {
    let isFirst = true;
    const slow = await startService((_, response) => {
      response.writeHead(200);
      if (isFirst) response.write('{"items":[');
      else response.end('{"items":[],"next_cursor":null}');
      isFirst = false;
    });
    try {
      const one = await pull({ url: slow.url, timeoutMs: 100 });
      await round(one, 1);
      expect(one.lines.some((line) => line.includes('no whole answer within 100 ms'))).toBe(true);
    } finally {
      await Promise.all(pulls.splice(0).map((one) => one.stop()));
      await slow.close();
    }
  });
});
