import { expect } from 'vitest';
import { defaultSettings } from '../../pipeline/domain/settings.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import { createIngest } from '../../pipeline/stages/ingest/ingest.ts';
import { createMemoryIngestStore } from '../../pipeline/stores/memory/ingest-store.ts';
import { createTestCodec } from './ingest-harness.ts';

/** The HTTP door with its real routes, on a store in memory; `limits` is max_events_per_second by namespace. */
export async function startMemoryIngest(limits: Readonly<Record<string, number>> = {}) {
  const found: string[] = [];
  const log = createLogger('silent');
  const metrics = createMetrics();
  const { app, component } = createIngest({
    codec: createTestCodec(),
    store: createMemoryIngestStore(),
    reader: {
      find: async (kind, namespace, id) => {
        found.push(`${kind}|${namespace}|${id}`);
        return undefined;
      },
    },
    settings: {
      get: (namespace) => ({ ...defaultSettings, max_events_per_second: limits[namespace] ?? null }),
      isLoaded: () => true,
    },
    recent: { append: () => undefined },
    signal: () => undefined,
    admission: { refusal: () => undefined },
    queueEvents: 2_000,
    heldBytes: 67_108_864,
    clock: systemClock,
    random: () => 0,
    makeId: () => 'made',
    log,
    metrics,
  });
  const running = await component.start(() => undefined);
  await expect.poll(() => running.unready?.()).toBeUndefined();
  /** Documents that were looked for, as kind|namespace|id. */
  return { app, log, metrics, found: found as readonly string[] };
}
