import { describe, expect, test } from 'vitest';
import { createHttpRegistry } from '../../../../../pipeline/broker/registry/http-registry.ts';
import type { Send, SendOptions } from '../../../../../pipeline/broker/registry/registry-transport.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';

interface Call extends SendOptions {
  readonly url: string;
}

function registryAnswering(status: number, body: string, url = 'http://registry:8081/apis/ccompat/v7/') {
  const calls: Call[] = [];
  const send: Send = async (target, options) => {
    calls.push({ url: target, ...options });
    return { status, text: body };
  };
  return { calls, registry: createHttpRegistry({ url, send }) };
}

test('asks for an id below the base URL', async () => {
  const { calls, registry } = registryAnswering(200, '{"schema":"\\"string\\""}');
  expect(await registry.schemaById(7)).toBe('"string"');
  expect(calls[0]?.url).toBe('http://registry:8081/apis/ccompat/v7/schemas/ids/7');
});

test('sends the text and escapes the subject', async () => {
  const { calls, registry } = registryAnswering(200, '{"id":3}');
  expect(await registry.idOf('a/b-value', '"string"')).toBe(3);
  expect(calls[0]).toMatchObject({
    url: 'http://registry:8081/apis/ccompat/v7/subjects/a%2Fb-value',
    method: 'POST',
    body: '{"schema":"\\"string\\""}',
  });
});

test('credentials of the URL become a header', async () => {
  const { calls, registry } = registryAnswering(200, '{"schema":"x"}', 'http://me:p%40ss@registry');
  await registry.schemaById(1);
  expect(calls[0]?.url).toBe('http://registry/schemas/ids/1');
  expect(calls[0]?.headers.authorization).toBe(`Basic ${btoa('me:p@ss')}`);
});

describe('only the registry saying so makes an id unknown', () => {
  test('its own code does', async () => {
    const { registry } = registryAnswering(404, '{"error_code":40403,"message":"Schema not found"}');
    expect(await registry.schemaById(1)).toBeUndefined();
    expect(await registry.idOf('a-value', '"string"')).toBeUndefined();
  });

  test.each<[string, number, string]>([
    ['a page of another server', 404, '<html>not found</html>'],
    ['a route that is not there', 404, '{"error":"no route"}'],
    ['a server error', 500, '{"error_code":50001,"message":"store"}'],
    ['a proxy without a registry behind it', 502, ''],
    ['a rate limit', 429, '{"error_code":42900}'],
    ['wrong credentials', 401, '{"error_code":40101}'],
    ['a refusal of another kind', 422, '{"error_code":42201}'],
    ['an answer without a schema', 200, '{}'],
    ['an answer that is not JSON', 200, 'ok'],
  ])('%s is transient', async (_, status, body) => {
    const { registry } = registryAnswering(status, body);
    await expect(registry.schemaById(1)).rejects.toBeInstanceOf(TransientError);
    await expect(registry.idOf('a-value', '"string"')).rejects.toBeInstanceOf(TransientError);
  });
});

test('a connection that fails is transient and says why', async () => {
  const send = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const registry = createHttpRegistry({ url: 'http://registry', send });
  await expect(registry.schemaById(1)).rejects.toMatchObject({
    code: 'registry_unavailable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a registry that does not answer in time is transient', async () => {
  const send: Send = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  const registry = createHttpRegistry({ url: 'http://registry', send, timeoutMs: 1 });
  await expect(registry.schemaById(1)).rejects.toBeInstanceOf(TransientError);
  await expect(registry.idOf('a-value', '"string"')).rejects.toMatchObject({ code: 'registry_unavailable' });
});

test('credentials beside the URL need no escaping, and count instead of those in it', async () => {
  const calls: SendOptions[] = [];
  const send: Send = async (_, options) => {
    calls.push(options);
    return { status: 200, text: '{"schema":"x"}' };
  };
  const credentials = { username: 'me', password: 'p@ss:/%' };
  await createHttpRegistry({ url: 'http://other:one@registry', credentials, send }).schemaById(1);
  expect(calls[0]?.headers.authorization).toBe(`Basic ${btoa('me:p@ss:/%')}`);
});

test.each([
  ['http://registry', 401, 'it wants a login; set FRESHET_REGISTRY_USERNAME and FRESHET_REGISTRY_PASSWORD'],
  ['http://a:b@registry', 401, 'it does not take FRESHET_REGISTRY_USERNAME and FRESHET_REGISTRY_PASSWORD'],
  ['http://a:b@registry', 403, 'may not do that'],
  ['http://registry', 404, 'is FRESHET_REGISTRY_URL right?'],
])('a refusal by %s with %d says what to set', async (url, status, remedy) => {
  const { registry } = registryAnswering(status, 'no', url);
  await expect(registry.schemaById(1)).rejects.toThrow(remedy);
});

test('a schema that refers to others comes as one text', async () => {
  const answers: Readonly<Record<string, unknown>> = {
    '/schemas/ids/1': {
      schema: '{"type":"record","name":"a.Order","fields":[{"name":"to","type":"Address"}]}',
      references: [{ name: 'a.Address', subject: 'address', version: 2 }],
    },
    '/subjects/address/versions/2?deleted=true': {
      schema: '{"type":"record","name":"Address","namespace":"a","fields":[{"name":"c","type":["null","b.Country"]}]}',
      references: [{ name: 'b.Country', subject: 'country', version: 1 }],
    },
    '/subjects/country/versions/1?deleted=true': { schema: '{"type":"enum","name":"b.Country","symbols":["DE"]}' },
  };
  const send: Send = async (url) => ({
    status: 200,
    text: JSON.stringify(answers[url.slice('http://registry'.length)]),
  });
  const text = await createHttpRegistry({ url: 'http://registry', send }).schemaById(1);
  const country = { type: 'enum', name: 'b.Country', symbols: ['DE'], namespace: 'b' };
  const address = { type: 'record', name: 'Address', namespace: 'a', fields: [{ name: 'c', type: ['null', country] }] };
  const order = { type: 'record', name: 'a.Order', fields: [{ name: 'to', type: address }] };
  expect(JSON.parse(text ?? '')).toEqual(order);
});
