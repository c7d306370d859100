import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../../serving/openapi/operations.ts';
import { eventually } from '../../support/eventually.ts';
import { documented, faultsOf, sendables, targetOf } from '../../support/openapi/answers.ts';
import { startWholeProcess, type WholeProcess } from '../../support/whole-process.ts';

const token = 'an-operator';
let whole: WholeProcess;
let url: string;

const post = async (path: string, body: unknown) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status, await response.text()).toBe(202);
};

/** What the examples speak of. */
async function fillShop(): Promise<void> {
  const tags = ['category:shoes'];
  const items = ['sku-2', 'sku-3'].map((item_id) => ({ item_id, revision: 1, tags, price: '79.00', currency: 'EUR' }));
  await post('/v1/items:upsert', { items });
  await post('/v1/users:upsert', { users: [{ user_id: 'u-2', revision: 1, traits: { locale: 'de' } }] });
  const events = ['sku-2', 'sku-3'].map((item_id, index) => ({
    ...{ event_id: `seed-${index}`, user_id: 'u-3', item_id, type: 'click' },
  }));
  await post('/v1/events:batch', { events });
  for (const path of ['/v1/items/sku-2', '/v1/users/u-2', '/v1/items/sku-2/similar', '/v1/recommendations/u-1']) {
    await eventually(async () => expect((await fetch(url + path)).status, path).toBe(200), { withinMs: 60_000 });
  }
}

beforeAll(async () => {
  const sha256 = createHash('sha256').update(token).digest('hex');
  whole = await startWholeProcess({
    name: 'openapi',
    env: { FRESHET_ADMIN_TOKENS: `ann:${sha256}`, FRESHET_ADMIN_ON_HTTP_PORT: 'true' },
  });
  url = whole.process.url;
  await fillShop();
}, 180_000);
afterAll(() => whole?.close());

/** Of a router: methods and paths, as the document writes them. */
const written = (path: string) => path.replaceAll(/\/:([A-Za-z_]+)(\{[^}]*\})?(?=\/|$)/g, '/{$1}');

describe('the document and the process', () => {
  it('have the same operations', () => {
    const routes = whole.process.routes.filter(({ method }) => method !== 'ALL');
    const served = routes.map(({ method, path }) => `${method} ${written(path)}`);
    const listed = operations.flatMap(({ method, path, aliases = [] }) =>
      [path, ...aliases].map((one) => `${method.toUpperCase()} ${one}`),
    );
    expect([...new Set(served)].toSorted()).toEqual(listed.toSorted());
  });

  it('agree on the path that the document is served at', async () => {
    const response = await fetch(`${url}/openapi.json`);
    const etag = response.headers.get('etag') ?? '';
    expect(await response.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Freshet' } });
    const again = await fetch(`${url}/openapi.json`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('every example', () => {
  it.each(sendables)('$name', async (sendable) => {
    const { operation, path, example } = sendable;
    const response = await fetch(url + targetOf(sendable), {
      method: operation.method.toUpperCase(),
      headers: {
        ...(operation.access === 'operators' ? { authorization: `Bearer ${token}` } : {}),
        ...(example.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...example.headers,
      },
      ...(example.body === undefined ? {} : { body: JSON.stringify(example.body) }),
    });
    const text = await response.text();
    expect(response.status, text).toBe(example.answer.status);
    const said = documented(operation.method, path, response.status);
    if (said === undefined) return expect.unreachable('the document does not have this answer');
    for (const header of Object.keys(said.headers)) expect(response.headers.get(header), header).not.toBeNull();
    const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';');
    const body: unknown = mediaType.endsWith('json') ? JSON.parse(text) : text;
    expect(faultsOf(said, mediaType, body)).toEqual([]);
  });
});
