import { once } from 'node:events';
import { Agent, get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import type { Running } from '../../../pipeline/kernel/component.ts';
import { createHttpServer, type HttpServer } from '../../../serving/http-server.ts';
import { createReadiness } from '../../../serving/readiness.ts';
import { eventually } from '../../support/eventually.ts';
import { quietLog } from '../../support/serving-harness.ts';

const started: Running[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop()));
});

async function serve(app: Hono, options: { finishMs?: number; port?: number; requestMs?: number } = {}) {
  const readiness = createReadiness();
  const settings = {
    app,
    host: '127.0.0.1',
    port: 0,
    log: quietLog,
    clock: systemClock,
    readiness,
    makeId: () => 'made-1',
    ...options,
  };
  const server: HttpServer = createHttpServer(settings);
  const running = await server.start(() => {});
  started.push(running);
  return { server, running, readiness, url: server.url() ?? '' };
}

/** Answers `/slow` when told to. */
function slowApp() {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const app = new Hono()
    .get('/', (c) => c.text('here'))
    .get('/slow', async (c) => {
      onAsked();
      await released;
      return c.text('done');
    });
  return { app, asked, release };
}

describe('an HTTP server', () => {
  it('tells the port it was given', async () => {
    const { url } = await serve(slowApp().app);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,5}$/);
    expect(await (await fetch(url)).text()).toBe('here');
  });

  it('says which port is taken and what to do', async () => {
    const { url } = await serve(slowApp().app);
    const port = Number(new URL(url).port);
    await expect(serve(slowApp().app, { port })).rejects.toMatchObject({
      code: 'cannot_listen',
      message: `cannot listen on 127.0.0.1:${port}; stop what listens there, or choose another port (FRESHET_HTTP_PORT; workers: FRESHET_WORKER_METRICS_PORT; operators: FRESHET_ADMIN_PORT)`,
    });
  });

  it('gives up a request that is not sent in time', async () => {
    const app = new Hono().post('/', async (c) => c.text(await c.req.text().catch(() => 'cut off')));
    const { url } = await serve(app, { requestMs: 100 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  it('refuses headers of more than 16 KiB', async () => {
    const { url } = await serve(slowApp().app);
    expect((await fetch(url, { headers: { 'x-long': 'x'.repeat(15_000) } })).status).toBe(200);
    expect((await fetch(url, { headers: { 'x-long': 'x'.repeat(17_000) } })).status).toBe(431);
  });

  it('finishes what is in flight before it stops, and takes nothing new meanwhile', async () => {
    const slow = slowApp();
    const { url, running, readiness } = await serve(slow.app);
    const answer = fetch(`${url}/slow`);
    await slow.asked;
    let stopped = false;
    const stopping = running.stop().then(() => {
      stopped = true;
    });
    expect(readiness.reason()).toBe('stopping');
    await eventually(() => expect(fetch(url)).rejects.toThrow());
    expect(stopped).toBe(false);
    slow.release();
    expect(await (await answer).text()).toBe('done');
    await stopping;
  });

  it('does not wait for connections that are only kept open', async () => {
    const { url, running } = await serve(slowApp().app, { finishMs: Number.POSITIVE_INFINITY });
    const agent = new Agent({ keepAlive: true });
    const request = httpGet(url, { agent });
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, 'end');
    const idle = connect(Number(new URL(url).port), '127.0.0.1');
    await once(idle, 'connect');
    idle.on('error', () => {});
    await running.stop();
    agent.destroy();
    idle.destroy();
  });

  it('cuts off what is still in flight at the deadline', async () => {
    const slow = slowApp();
    const { url, running } = await serve(slow.app, { finishMs: 50 });
    const answer = fetch(`${url}/slow`);
    await slow.asked;
    await Promise.all([expect(answer).rejects.toThrow(), running.stop()]);
    slow.release();
  });

  it('may be stopped twice', async () => {
    const { running, server } = await serve(slowApp().app);
    await Promise.all([running.stop(), running.stop()]);
    expect(server.url()).toBeUndefined();
  });
});
