import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installServers } from '../../../../ops/stack/embedded/install.ts';
import { postgresFolder, postgresServer } from '../../../../ops/stack/embedded/postgres.ts';
import { redisServer } from '../../../../ops/stack/embedded/redis.ts';
import type { EmbeddedContext, EmbeddedServer } from '../../../../ops/stack/embedded/server.ts';
import { start, stop } from '../../../../ops/stack/embedded/start.ts';
import { claimPorts } from '../../../../ops/stack/ports.ts';
import { isAlive } from '../../../../ops/stack/process-identity.ts';
import { readState } from '../../../../ops/stack/state.ts';
import { localUrls } from '../../../../ops/stack/urls.ts';

const quiet = () => {};

describe('an embedded server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-embedded-'));
  let context: EmbeddedContext;
  beforeAll(async () => {
    mkdirSync(join(folder, 'logs'));
    const [postgres, kafka, registry, redis, kafkaController] = (await claimPorts(folder, 5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const ports = { postgres, kafka, registry, redis, kafkaController };
    const state = { version: 1, id: 'test', driver: 'embedded', ports, processes: {} } as const;
    context = { folder, binaries: await installServers(quiet), java: 'java', state: { ...state, processes: {} } };
  });
  afterAll(async () => {
    await Promise.all([postgresServer, redisServer].map((server) => stop(context, server, 'SIGKILL')));
    for (const path of [postgresFolder(folder, 'test'), folder]) rmSync(path, { recursive: true, force: true });
  });
  const pidOf = ({ name }: EmbeddedServer) => context.state.processes[name]?.pid;
  const urls = () => localUrls(context.state.ports);

  it('is left alone when it runs and answers', async () => {
    await start(context, redisServer, quiet);
    const pid = pidOf(redisServer);
    await start(context, redisServer, quiet);
    expect(pidOf(redisServer)).toBe(pid);
    expect(readState(folder)?.processes.redis?.pid).toBe(pid);
  });

  it('answers under the same address after a crash', async () => {
    await start(context, redisServer, quiet);
    const { redisUrl } = urls();
    process.kill(pidOf(redisServer) as number, 'SIGKILL');
    await start(context, redisServer, quiet);
    const redis = new Redis(redisUrl);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });

  it('keeps its committed data over a crash of Postgres', async () => {
    await start(context, postgresServer, quiet);
    const write = new pg.Client({ connectionString: urls().postgresUrl });
    write.on('error', quiet);
    await write.connect();
    await write.query('CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(pidOf(postgresServer) as number, 'SIGKILL');
    await start(context, postgresServer, quiet);
    const read = new pg.Client({ connectionString: urls().postgresUrl });
    await read.connect();
    expect((await read.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await read.end();
  });

  it('does not touch a process that has got the number of one of ours', async () => {
    await start(context, redisServer, quiet);
    await stop(context, redisServer);
    context.state.processes.redis = { pid: process.pid, identity: 'of a server that ended before' };
    await start(context, redisServer, quiet);
    expect(isAlive({ pid: pidOf(redisServer) as number, identity: context.state.processes.redis.identity })).toBe(true);
    expect(pidOf(redisServer)).not.toBe(process.pid);
  });

  it('shows the end of its own log when it cannot start', async () => {
    await start(context, redisServer, quiet);
    await stop(context, redisServer);
    const squatter = createServer((socket) => socket.resume()).listen(context.state.ports.redis, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const failing = start(context, redisServer, quiet);
    await expect(failing).rejects.toMatchObject({
      code: 'stack_start_failed',
      message: expect.stringMatching(/bind/i),
    });
    await new Promise((resolve) => squatter.close(resolve));
    expect(readFileSync(join(folder, 'logs', 'redis.log'), 'utf8')).toMatch(/bind/i);
  });
});

it('gives two checkouts different ports, and a checkout that asks again other free ones than its neighbours', async () => {
  const folders = [0, 1, 2].map(() => mkdtempSync(join(tmpdir(), 'freshet-ports-')));
  const claimed = await Promise.all(folders.map((folder) => claimPorts(folder, 5)));
  expect(new Set(claimed.flat()).size).toBe(15);
  for (const folder of folders) rmSync(folder, { recursive: true });
});
