import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import { untilAvailable } from '../../kernel/retry.ts';
import type { CatalogProjection, CatalogWriter } from '../../stores/catalog.ts';
import { projectConfig } from './project-config.ts';

type Catalog = Pick<CatalogWriter, 'highestNumbers' | 'eachItemPage' | 'config' | 'configuredNamespaces'>;

export interface ReprojectionDeps {
  readonly catalog: Catalog;
  readonly projection: CatalogProjection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** How often the projection is compared with the tables. */
const checkEveryMs = 5_000;

/**
 * Projects everything at start, and again whatever of it Redis does not vouch for: a namespace that it has not been
 * given whole since it was last empty (a new one, too), or one whose highest number has stayed behind the tables'
 * from one look to the next (behind once is a batch between its two writes). Faults are waited out. It says nothing
 * of single chunks: Redis must not evict.
 */
export function createCatalogReprojection({ clock, random, log, ...deps }: ReprojectionDeps): Component {
  return {
    name: 'catalog-reprojection',
    async start(fail) {
      const stopping = new AbortController();
      const { signal } = stopping;
      let projected = false;
      const work = async () => {
        const options = { clock, random, log, signal };
        const counts = await untilAvailable('catalogue projection', options, () => projectAll(deps));
        log.info(counts, 'catalogue projected');
        projected = true;
        let behind: Highest = new Map();
        while (!signal.aborted) {
          await clock.sleep(checkEveryMs, signal);
          if (signal.aborted) return;
          const before = behind;
          behind = await untilAvailable('catalogue projection', options, () => repair(deps, before, log));
        }
      };
      const running = work().catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      });
      return {
        async stop() {
          stopping.abort();
          await running;
        },
        unready: () => (projected ? undefined : 'the catalogue is not projected yet'),
      };
    },
  };
}

type Highest = ReadonlyMap<string, number>;
type Stores = Pick<ReprojectionDeps, 'catalog' | 'projection'>;

async function projectAll(stores: Stores): Promise<{ items: number; namespaces: number }> {
  let items = 0;
  const stored = await stores.catalog.highestNumbers();
  for (const namespace of stored.keys()) items += await projectItems(stores, namespace);
  await projectConfig(stores, await stores.catalog.configuredNamespaces());
  return { items, namespaces: stored.size };
}

/** The highest number is read last: items that have come since are put by whoever wrote them. */
async function projectItems({ catalog, projection }: Stores, namespace: string): Promise<number> {
  let count = 0;
  const attempt = await projection.beginItems(namespace);
  await catalog.eachItemPage(namespace, async (items) => {
    await projection.putItems(items);
    count += items.length;
  });
  const highest = (await catalog.highestNumbers()).get(namespace) ?? 0;
  await projection.endItems(namespace, highest, attempt);
  return count;
}

/** Answers what Redis knows of the namespaces where it is behind: the same next time means lost. */
async function repair(stores: Stores, before: Highest, log: Logger): Promise<Highest> {
  const { catalog, projection } = stores;
  const projected = await projection.highestNumbers();
  const behind = new Map<string, number>();
  for (const [namespace, highest] of await catalog.highestNumbers()) {
    const there = projected.get(namespace);
    if (there !== undefined && there >= highest) continue;
    if (there !== undefined && before.get(namespace) !== there) {
      behind.set(namespace, there);
      continue;
    }
    const items = await projectItems(stores, namespace);
    log.info({ namespace, items }, 'Redis did not have all items, projected again');
  }
  const known = await projection.configuredNamespaces();
  const lost = (await catalog.configuredNamespaces()).filter((namespace) => !known.has(namespace));
  if (lost.length > 0) {
    await projectConfig(stores, lost);
    log.warn({ namespaces: lost.length }, 'Redis had lost configuration, projected again');
  }
  return behind;
}
