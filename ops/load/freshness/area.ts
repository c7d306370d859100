import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { installInto } from '../../demo/install.ts';
import { roles } from '../../process/roles.ts';
import { checkoutRoot } from '../../stack/paths.ts';
import { clearRedisDatabase, takeRedisDatabase } from '../../stack/redis-databases.ts';
import { type ServerUrls, stackEnvironment } from '../../stack/urls.ts';
import { type ProductProcess, startProduct } from '../harness/product-process.ts';
import { openArea } from '../relay/area.ts';
import { itemIdOf, benchNamespace as namespace } from './load-plan.ts';

/** Every role in one process on a database, topics and a Redis database of its own. */
export interface WholeArea {
  readonly process: ProductProcess;
  readonly client: pg.Client;
  close(): Promise<void>;
}

const itemsAnUpsert = 1_000;
const readyWithinMs = 120_000;

/** Asks until the answer is 200; FreshetError `bench_failed` after two minutes. */
async function untilAnswered({ mustRun }: ProductProcess, url: string): Promise<void> {
  const until = performance.now() + readyWithinMs;
  while (!(await fetch(url)).ok) {
    mustRun();
    if (performance.now() > until) throw new FreshetError('bench_failed', `${url} is not answered with 200`);
    await delay(50);
  }
}

async function fillCatalogue(process: ProductProcess, count: number): Promise<void> {
  for (let from = 0; from < count; from += itemsAnUpsert) {
    const length = Math.min(itemsAnUpsert, count - from);
    const items = Array.from({ length }, (_, i) => ({
      namespace,
      item_id: itemIdOf(from + i),
      revision: 1,
      tags: [`category:c${(from + i) % 40}`, `brand:b${(from + i) % 300}`],
    }));
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ items }) };
    const response = await fetch(`${process.url}/v1/items:upsert`, init);
    if (response.status !== 202)
      throw new FreshetError('bench_failed', `items were not taken: ${await response.text()}`);
  }
  for (let item = 0; item < count; item += itemsAnUpsert) {
    await untilAnswered(process, `${process.url}/v1/items/${itemIdOf(item)}?namespace=${namespace}`);
  }
}

/** `items` are in the catalogue when it resolves. */
export async function openWholeArea(
  servers: ServerUrls,
  { items, nodeOptions }: { readonly items: number; readonly nodeOptions: readonly string[] },
): Promise<WholeArea> {
  const area = await openArea(servers);
  const redisUrl = await takeRedisDatabase(servers);
  let process: ProductProcess | undefined;
  const close = async () => {
    await process?.stop();
    await clearRedisDatabase(redisUrl);
    await area.close();
  };
  try {
    const env = {
      ...stackEnvironment({ ...area.urls, redisUrl }),
      FRESHET_KAFKA_TOPIC_PREFIX: area.prefix,
      FRESHET_HTTP_PORT: '0',
    };
    await installInto(parseConfig(env), { root: checkoutRoot(), log: createLogger('silent') });
    process = await startProduct({ roles: ['http', ...roles].join(','), env, nodeOptions });
    await untilAnswered(process, `${process.url}/readyz`);
    await fillCatalogue(process, items);
    return { process, client: area.client, close };
  } catch (error) {
    await close();
    throw error;
  }
}
