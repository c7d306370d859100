import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { applySchemas } from '../../schemas/apply.ts';
import { checkoutRoot } from '../../stack/paths.ts';
import { clearRedisDatabase, takeRedisDatabase } from '../../stack/redis-databases.ts';
import { type ServerUrls, stackEnvironment } from '../../stack/urls.ts';
import { type ProductProcess, startListening, startProduct } from '../harness/product-process.ts';
import { openArea } from '../relay/area.ts';

/** Servers of one bench: its own database, its own numbered Redis database, schemas in the registry. */
export interface ServeArea {
  readonly env: Readonly<Record<string, string>>;
  readonly redis: Redis;
  /** Where it is a process of this machine. */
  readonly redisPid: number | undefined;
  close(): Promise<void>;
}

async function pidOf(redis: Redis): Promise<number | undefined> {
  const pid = /^process_id:(\d+)/m.exec(await redis.info('server'))?.[1];
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('redis-server') ? Number(pid) : undefined;
  } catch {
    return undefined; // it runs elsewhere
  }
}

/** `redisUrl` is a Redis that belongs to the bench; else one of the stack's databases is taken and emptied again. */
export async function openServeArea(servers: ServerUrls, redisUrl?: string): Promise<ServeArea> {
  const area = await openArea(servers);
  const url = redisUrl ?? (await takeRedisDatabase(servers));
  const redis = new Redis(url);
  redis.on('error', () => undefined); // whoever asks meanwhile is told; a bench that kills its Redis goes on
  const close = async () => {
    redis.disconnect();
    if (redisUrl === undefined) await clearRedisDatabase(url);
    await area.close();
  };
  try {
    await applySchemas({ registryUrl: servers.registryUrl, root: checkoutRoot(), log: createLogger('fatal') });
    const env = {
      ...stackEnvironment({ ...area.urls, redisUrl: url }),
      FRESHET_KAFKA_TOPIC_PREFIX: area.prefix,
      FRESHET_HTTP_PORT: '0',
    };
    return { env, redis, redisPid: await pidOf(redis), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ready once the views are loaded; the peer has no such thing and answers 404. */
async function untilReady({ url, mustRun }: ProductProcess): Promise<void> {
  for (let tries = 0; (await fetch(`${url}/readyz`)).status === 503; tries += 1) {
    mustRun();
    if (tries > 1_000) throw new FreshetError('bench_failed', 'serving is not ready');
    await new Promise((go) => setTimeout(go, 20));
  }
}

const peerScript = new URL('peer/naive-process.ts', import.meta.url).pathname;

export type SystemName = 'freshet' | 'naive';

/** `freshet run --roles serving`, or the peer, in a process of its own. */
export async function startSystem(
  system: SystemName,
  { env }: ServeArea,
  nodeOptions: readonly string[],
): Promise<ProductProcess> {
  const started =
    system === 'freshet'
      ? await startProduct({ roles: 'serving', env, nodeOptions })
      : await startListening([peerScript], env);
  await untilReady(started);
  return started;
}
