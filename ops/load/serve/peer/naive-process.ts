import { randomUUID } from 'node:crypto';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { recommendNaively } from './naive.ts';

/** The peer's process: the same framework and driver, and nothing around the handler. */
const redis = new Redis(process.env.FRESHET_REDIS_URL ?? '', { enableAutoPipelining: true });
const app = new Hono().get('/v1/recommendations/:userId', async (c) => {
  const { surface = '', limit = '20' } = c.req.query();
  const request = { userId: c.req.param('userId'), surface, limit: Number(limit), requestId: randomUUID() };
  return c.json(await recommendNaively(redis, request));
});

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ msg: 'running', listening: `http://127.0.0.1:${port}` })}\n`);
});
process.on('SIGTERM', () => {
  server.close();
  redis.disconnect();
  process.exit(0);
});
