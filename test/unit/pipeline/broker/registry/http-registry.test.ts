import { describe, expect, test } from 'vitest';
import { createHttpRegistry } from '../../../../../pipeline/broker/registry/http-registry.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

function registryAnswering(status: number, body: string, url = 'http://registry:8081/apis/ccompat/v7/') {
  const calls: Call[] = [];
  const send = async (target: string | URL | Request, init: RequestInit = {}) => {
    calls.push({ url: String(target), init });
    return new Response(body, { status });
  };
  return { calls, registry: createHttpRegistry({ url, fetch: send }) };
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
    init: { method: 'POST', body: '{"schema":"\\"string\\""}' },
  });
});

test('credentials of the URL become a header, for fetch refuses them in a URL', async () => {
  const { calls, registry } = registryAnswering(200, '{"schema":"x"}', 'http://me:p%40ss@registry');
  await registry.schemaById(1);
  expect(calls[0]?.url).toBe('http://registry/schemas/ids/1');
  expect(new Headers(calls[0]?.init.headers).get('authorization')).toBe(`Basic ${btoa('me:p@ss')}`);
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
  const send = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
  const registry = createHttpRegistry({ url: 'http://registry', fetch: send });
  await expect(registry.schemaById(1)).rejects.toMatchObject({
    code: 'registry_unavailable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a registry that does not answer in time is transient', async () => {
  const send: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  const registry = createHttpRegistry({ url: 'http://registry', fetch: send, timeoutMs: 1 });
  await expect(registry.schemaById(1)).rejects.toBeInstanceOf(TransientError);
  await expect(registry.idOf('a-value', '"string"')).rejects.toMatchObject({ code: 'registry_unavailable' });
});
