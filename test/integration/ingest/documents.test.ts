import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { topics } from '../../../schemas/topics.ts';
import { eventually } from '../../support/eventually.ts';
import { createTestCodec, type IngestHarness, startIngest } from '../../support/ingest-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

let workspace: Workspace;
let db: Database;
let ingest: IngestHarness;
let count = 0;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'ingest-documents' });
  const postgresUrl = workspace.config.FRESHET_POSTGRES_URL;
  db = openDatabase({ url: postgresUrl, onIdleError: () => undefined });
  ingest = await startIngest({ postgresUrl });
});

afterAll(async () => {
  await ingest.close();
  await db.close();
  await workspace.close();
});

const freshId = () => {
  count += 1;
  return `d-${count}`;
};

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  body: (await response.json()) as Answer['body'],
});
const post = async (path: string, body: unknown) => answerOf(await ingest.post(path, body));
const call = async (method: string, path: string) => answerOf(await fetch(ingest.url + path, { method }));

/** `status` or `status code` of each row. */
function statuses({ body }: Answer): string[] {
  const results = body.results as { status: string; error?: { code: string } }[];
  return results.map(({ status, error }) => (error ? `${status} ${error.code}` : status));
}

async function published(key: string) {
  return db.query<{ topic: string; payload: Buffer | null }>({
    text: 'SELECT topic, payload FROM outbox WHERE key = $1 ORDER BY seq',
    values: [Buffer.from(key)],
  });
}

describe('an upsert of items', () => {
  it('answers a status for each row and publishes the winners', async () => {
    const item_id = freshId();
    const other = freshId();
    const answer = await post('/v1/items:upsert', {
      items: [
        { item_id, revision: 2, title: 'two', tags: ['Brand: ACME'] },
        { item_id, revision: 1, title: 'one' },
        { item_id, revision: 2, title: 'two', tags: ['brand:acme'] },
        { item_id, revision: 2, title: 'another' },
        { item_id: other, price: '1.00' },
        { item_id: other },
      ],
    });
    expect(answer.status).toBe(202);
    expect(statuses(answer)).toEqual([
      'accepted',
      'stale',
      'unchanged',
      'rejected revision_conflict',
      'rejected required',
      'accepted',
    ]);
    expect((answer.body.results as unknown[])[0]).toEqual({ item_id, status: 'accepted', revision: 2 });
    const rows = await published(`default|${item_id}`);
    expect(rows.map(({ topic }) => topic)).toEqual([topics.itemChanged.name]);
    const read = await createTestCodec()
      .reader(topics.itemChanged)
      .read(rows[0]?.payload as Buffer);
    expect(read.ok && read.value).toMatchObject({ itemId: item_id, revision: 2, title: 'two', tags: ['brand:acme'] });
  });

  it('is the same with / for :', async () => {
    expect(statuses(await post('/v1/items/upsert', [{ item_id: freshId() }]))).toEqual(['accepted']);
    expect(statuses(await post('/v1/users/upsert', [{ user_id: freshId() }]))).toEqual(['accepted']);
  });

  it('takes an older write only as stale, also when both come at once', async () => {
    const item_id = freshId();
    const revisions = Array.from({ length: 20 }, (_, i) => ((i * 7) % 20) + 1);
    await Promise.all(revisions.map((revision) => post('/v1/items:upsert', [{ item_id, revision }])));
    const rows = await published(`default|${item_id}`);
    const reader = createTestCodec().reader(topics.itemChanged);
    const order = await Promise.all(
      rows.map(async ({ payload }) => {
        const read = await reader.read(payload as Buffer);
        return read.ok ? read.value.revision : 0;
      }),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order.at(-1)).toBe(20);
    expect(statuses(await post('/v1/items:upsert', [{ item_id, revision: 19 }]))).toEqual(['stale']);
  });

  it('refuses a batch of which nothing is valid, and one of 1,001', async () => {
    expect(await post('/v1/items:upsert', [{ title: 'x' }])).toMatchObject({
      status: 422,
      body: { code: 'required', path: '$[0].item_id' },
    });
    const items = Array.from({ length: 1_001 }, () => ({ item_id: 'x' }));
    expect(await post('/v1/items:upsert', { items })).toMatchObject({ status: 413, body: { limit: 1_000 } });
  });
});

describe('a deletion', () => {
  it('publishes a tombstone, and nothing older comes back', async () => {
    const item_id = freshId();
    await post('/v1/items:upsert', [{ item_id, revision: 5 }]);
    expect(await call('DELETE', `/v1/items/${item_id}?revision=6`)).toEqual({
      status: 202,
      body: { item_id, status: 'accepted', revision: 6 },
    });
    expect((await published(`default|${item_id}`)).map(({ payload }) => payload === null)).toEqual([false, true]);
    expect(statuses(await post('/v1/items:upsert', [{ item_id, revision: 5 }]))).toEqual(['stale']);
    expect(await call('DELETE', `/v1/items/${item_id}?revision=6`)).toMatchObject({ body: { status: 'unchanged' } });
    expect(statuses(await post('/v1/items:upsert', [{ item_id, revision: 7 }]))).toEqual(['accepted']);
  });

  it('may overtake the write it deletes', async () => {
    const user_id = freshId();
    expect(await call('DELETE', `/v1/users/${user_id}?revision=9`)).toMatchObject({ body: { status: 'accepted' } });
    expect(statuses(await post('/v1/users:upsert', [{ user_id, revision: 8 }]))).toEqual(['stale']);
  });

  it('with the revision of a stored write is a conflict', async () => {
    const item_id = freshId();
    await post('/v1/items:upsert', [{ item_id, revision: 5 }]);
    expect(await call('DELETE', `/v1/items/${item_id}?revision=5`)).toMatchObject({
      status: 409,
      body: { code: 'revision_conflict' },
    });
  });

  it('takes ids with any character, percent-encoded', async () => {
    const answer = await call('DELETE', `/v1/items/${encodeURIComponent('a/b%2Fc ü?')}?namespace=shop&revision=1`);
    expect(answer).toMatchObject({ status: 202, body: { item_id: 'a/b%2Fc ü?' } });
    expect(await published('shop|a/b%2Fc ü?')).toHaveLength(1);
  });

  it.each([
    ['/v1/items/x?revision=-1', 'invalid_format', 'revision'],
    ['/v1/items/x?namespace=A', 'invalid_format', 'namespace'],
    [`/v1/items/${'x'.repeat(129)}`, 'too_long', 'id'],
    ['/v1/items/a%00b', 'malformed_text', 'id'],
  ])('of %s is refused', async (path, code, field) => {
    expect(await call('DELETE', path)).toMatchObject({ status: 400, body: { code, path: field } });
  });
});

describe('a document', () => {
  it('is shown as it was projected', async () => {
    await db.query({
      text: `INSERT INTO item (namespace, item_id, number, revision, available, hidden, tags, body)
             VALUES ('default', 'shown', 1, 3, true, false, '{a}', '{"title": "T", "imageUrl": "http://x"}')`,
    });
    await db.query({
      text: `INSERT INTO "user" (namespace, user_id, revision, traits) VALUES ('default', 'shown', 4, '{"locale": "de"}')`,
    });
    expect(await call('GET', '/v1/items/shown')).toEqual({
      status: 200,
      body: {
        namespace: 'default',
        item_id: 'shown',
        revision: 3,
        available: true,
        hidden: false,
        archived_at: null,
        tags: ['a'],
        title: 'T',
        image_url: 'http://x',
      },
    });
    expect(await call('GET', '/v1/users/shown')).toMatchObject({
      body: { user_id: 'shown', traits: { locale: 'de' } },
    });
  });

  it('that is not there is a 404 with a code', async () => {
    expect(await call('GET', '/v1/items/none')).toMatchObject({ status: 404, body: { code: 'item_unknown' } });
  });
});

describe('settings', () => {
  it('are stored as a configuration document', async () => {
    const body = { max_event_age_ms: 86_400_000 };
    const answer = await post('/v1/config:upsert', { documents: [{ namespace: 'shop', revision: 1, body }] });
    expect(statuses(answer)).toEqual(['accepted']);
    const [row] = await published('shop|settings|default');
    const read = await createTestCodec()
      .reader(topics.configChanged)
      .read(row?.payload as Buffer);
    expect(read.ok && read.value).toMatchObject({ kind: 'settings', id: 'default', body: JSON.stringify(body) });
  });

  it('stand beside rules, which are written, changed and deleted by their ids', async () => {
    const rule = (revision: number, position: number) => ({
      ...{ namespace: 'shop', kind: 'rule', id: 'top/1|x', revision },
      body: { action: 'pin', item: 'i1', position },
    });
    const answer = await post('/v1/config:upsert', { documents: [rule(1, 2), rule(2, 3), rule(1, 2)] });
    expect(statuses(answer)).toEqual(['accepted', 'accepted', 'stale']);
    const path = `/v1/rules/${encodeURIComponent('top/1|x')}?namespace=shop`;
    expect(await call('DELETE', `${path}&revision=1`)).toMatchObject({ body: { status: 'stale' } });
    expect(await call('DELETE', `${path}&revision=3`)).toMatchObject({ body: { id: 'top/1|x', status: 'accepted' } });
    const rows = await published('shop|rule|top/1|x');
    expect(rows.map(({ payload }) => payload === null)).toEqual([false, false, true]);
  });

  it('apply to events about a second after they were projected', async () => {
    await db.query({
      text: `INSERT INTO namespace_config (namespace, revision, body) VALUES ('strict', 1, '{"max_event_age_ms": 60000}')`,
    });
    const old = { user_id: 'u', item_id: 'i', type: 'click', namespace: 'strict', occurred_at: Date.now() - 120_000 };
    await eventually(async () => {
      const answer = await post('/v1/events', { ...old, event_id: freshId() });
      expect(answer).toMatchObject({ status: 422, body: { code: 'too_old', limit: 60_000 } });
    });
  });
});
