import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import type { Codec } from '../../pipeline/broker/codec.ts';
import { createCodec } from '../../pipeline/broker/registry/codec.ts';
import { createMemoryRegistry } from '../../pipeline/broker/registry/memory-registry.ts';
import type { OutboxLimits } from '../../pipeline/domain/outbox-limits.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../pipeline/kernel/component.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import { createIngest } from '../../pipeline/stages/ingest/ingest.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { createDocumentReader } from '../../pipeline/stores/postgres/document-reader.ts';
import { createIngestStore, ingestSession } from '../../pipeline/stores/postgres/ingest-store.ts';
import { createNamespaceSettings } from '../../pipeline/stores/postgres/namespace-settings.ts';
import { createOutboxAdmission } from '../../pipeline/stores/postgres/outbox-admission.ts';
import type { RecentEvents, RecentInteraction } from '../../pipeline/stores/recent-events.ts';
import { subjectOf } from '../../schemas/topic.ts';
import { avroTopics } from '../../schemas/topics.ts';
import { eventually } from './eventually.ts';

/** A codec on a registry that knows every schema of the catalogue. */
export function createTestCodec(): Codec {
  const registry = createMemoryRegistry();
  for (const topic of avroTopics) registry.register(subjectOf(topic), topic.schema.json);
  return createCodec({ registry, clock: systemClock });
}

export interface IngestHarness {
  readonly url: string;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Accepted interactions that serving was told of. */
  readonly recent: readonly RecentInteraction[];
  signals(): number;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly postgresUrl: string;
  readonly codec?: Pick<Codec, 'writer'>;
  readonly recent?: RecentEvents;
  /** Do not wait until it is ready. */
  readonly isWaiting?: boolean;
  /** By default none. */
  readonly limits?: OutboxLimits;
  readonly heldBytes?: number;
  /** How long a statement of a group commit may take; by default for ever. */
  readonly commitTimeoutMs?: number;
}

/** The HTTP door on a real socket and a real Postgres. */
export async function startIngest(options: HarnessOptions): Promise<IngestHarness> {
  const log = createLogger('silent');
  const metrics = createMetrics();
  const clock = systemClock;
  const open = { url: options.postgresUrl, onIdleError: () => undefined };
  const { commitTimeoutMs: queryTimeoutMs } = options;
  const timeout = queryTimeoutMs === undefined ? {} : { queryTimeoutMs };
  const db = openDatabase({ ...open, settings: ingestSession, maxConnections: 4, ...timeout });
  const outbox = createOutboxAdmission({ url: options.postgresUrl, limits: options.limits ?? {}, clock, log, metrics });
  const settings = createNamespaceSettings({ db, clock, log });
  const recent: RecentInteraction[] = [];
  let signals = 0;
  const ingest = createIngest({
    codec: options.codec ?? createTestCodec(),
    store: createIngestStore(db),
    reader: createDocumentReader(db),
    settings: settings.source,
    recent: options.recent ?? { append: (interactions) => void recent.push(...interactions) },
    signal: () => {
      signals += 1;
    },
    admission: outbox.admission,
    queueEvents: 20_000,
    heldBytes: options.heldBytes ?? 67_108_864,
    clock,
    random: () => 0,
    makeId: randomUUID,
    log,
    metrics,
  });
  const running: Running = await startAll(
    [outbox.component, settings.component, ingest.component],
    log,
    () => undefined,
  );
  if (!options.isWaiting) {
    await eventually(() => {
      if (running.unready?.()) throw new Error(running.unready());
    });
  }
  const server = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch: ingest.app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(started));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    metrics,
    recent,
    signals: () => signals,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await running.stop();
      await db.close();
    },
  };
}
