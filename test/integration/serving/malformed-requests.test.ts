import { once } from 'node:events';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import type { Running } from '../../../pipeline/kernel/component.ts';
import { createHttpServer } from '../../../serving/http-server.ts';
import { createReadiness } from '../../../serving/readiness.ts';
import { quietLog } from '../../support/serving-harness.ts';

let running: Running;
let port: number;

beforeAll(async () => {
  const app = new Hono().get('/', (c) => c.text('here'));
  const server = createHttpServer({
    ...{ app, host: '127.0.0.1', port: 0, log: quietLog, clock: systemClock },
    ...{ readiness: createReadiness(), makeId: () => 'made-1' },
  });
  running = await server.start((error) => {
    throw error;
  });
  port = Number(new URL(server.url() ?? '').port);
});
afterAll(() => running.stop());

/** What comes back for these bytes until the server closes. */
async function answerTo(bytes: string): Promise<{ head: string; body: unknown }> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return { head: head.toLowerCase(), body: JSON.parse(body) };
}

const closing = 'host: x\r\nconnection: close\r\n';

it.each([
  ['no HTTP at all', 'good morning\r\n\r\n', 400, 'malformed_request'],
  ['a method that there is not', `FROB / HTTP/1.1\r\n${closing}\r\n`, 400, 'malformed_request'],
  ['a header without a name', `GET / HTTP/1.1\r\n: x\r\n${closing}\r\n`, 400, 'malformed_request'],
  ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'malformed_request'],
  ['a host that is none', 'GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n', 400, 'malformed_request'],
  [
    'two lengths',
    `POST / HTTP/1.1\r\n${closing}content-length: 1\r\ncontent-length: 2\r\n\r\nx`,
    400,
    'malformed_request',
  ],
  ['too many headers', `GET / HTTP/1.1\r\n${closing}x: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('answers %s by a problem', async (_, bytes, status, code) => {
  const { head, body } = await answerTo(bytes);
  expect(head).toContain(`http/1.1 ${status} `);
  expect(head).toContain('content-type: application/problem+json');
  expect(head).toContain('x-request-id: made-1');
  expect(head).toContain('x-correlation-id: made-1');
  expect(body).toMatchObject({ status, code, request_id: 'made-1' });
});
