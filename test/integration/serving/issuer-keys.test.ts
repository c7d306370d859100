import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { createIssuerKeys } from '../../../serving/middleware/issuer-keys.ts';
import { createTokenCheck } from '../../../serving/middleware/token-check.ts';
import { eventually } from '../../support/eventually.ts';
import { createFakeIssuer } from '../../support/fake-issuer.ts';

let server: Server;
let answer: { status: number; body: string };

beforeEach(async () => {
  answer = { status: 200, body: '{"keys":[]}' };
  server = createServer((_, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('a token is proved with keys that were read over HTTP before it came, also when the server is gone', async () => {
  const issuer = createFakeIssuer();
  const key = await issuer.makeKey('k1', 'RS256');
  issuer.publish(key);
  answer.body = await (await issuer.fetch('')).text();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const { keys, component } = createIssuerKeys({ url, clock: systemClock, log: createLogger('silent') });
  const running = await component.start(() => undefined);
  await eventually(() => expect(keys.generation()).toBe(1));
  answer = { status: 500, body: 'away' };
  const check = createTokenCheck({
    keys,
    clock: systemClock,
    issuer: 'https://login.example/',
    audience: 'freshet',
    userClaim: 'user',
    namespaces: ['default'],
    maxPerSecond: 20,
  });
  const exp = Math.floor(Date.now() / 1_000) + 60;
  expect(await check(await issuer.sign(key, { user: 'u7', exp }))).toMatchObject({ caller: { userId: 'u7' } });
  await running.stop();
});

it('an issuer that answers rubbish is one that is away', async () => {
  answer.body = '<html>';
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const { keys } = createIssuerKeys({ url, clock: systemClock, log: createLogger('silent') });
  const token = { payload: '', signature: '', protected: '' };
  await expect(keys.find({ alg: 'RS256', kid: 'k1' }, token)).rejects.toThrow('cannot be read');
  expect(keys.generation()).toBe(0);
});
