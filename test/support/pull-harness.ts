import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { startAll } from '../../pipeline/kernel/component.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import type { PullStatus } from '../../pipeline/stages/ingest/pull/progress.ts';
import { createCatalogPull } from '../../pipeline/stages/ingest/pull/pull.ts';
import { createHttpCatalog } from '../../pipeline/stores/http/catalog-source.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { createIngestStore, ingestSession } from '../../pipeline/stores/postgres/ingest-store.ts';
import { createNamespaceSettings } from '../../pipeline/stores/postgres/namespace-settings.ts';
import { createPullMarks } from '../../pipeline/stores/postgres/pull-marks.ts';
import { createTestCodec } from './ingest-harness.ts';

export interface TestPull {
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly lines: readonly string[];
  status(): PullStatus;
  stop(): Promise<void>;
}

export interface TestPullOptions {
  readonly postgresUrl: string;
  readonly url: string;
  readonly owner: string;
  readonly token?: string;
  readonly everyMs?: number;
  readonly overlapMs?: number;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

/** The pull as a process has it, over a real Postgres and HTTP, into the namespace `shop`. */
export async function startPull(options: TestPullOptions): Promise<TestPull> {
  const { postgresUrl, url, owner, token = '', everyMs = 20, overlapMs = 1_000, ...limits } = options;
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const metrics = createMetrics();
  const clock = systemClock;
  const db = openDatabase({ url: postgresUrl, settings: ingestSession, onIdleError: () => undefined });
  const settings = createNamespaceSettings({ db, clock, log });
  const { component, status } = createCatalogPull({
    ref: { namespace: 'shop', url },
    everyMs,
    overlapMs,
    owner,
    source: createHttpCatalog({ url, token, clock, ...limits }),
    marks: createPullMarks(db),
    codec: createTestCodec(),
    store: createIngestStore(db),
    settings: settings.source,
    admission: { refusal: () => undefined },
    signal: () => undefined,
    queueEvents: 20_000,
    clock,
    random: () => 0,
    log,
    metrics,
  });
  const running = await startAll([settings.component, component], log, (name, error) => {
    throw new Error(`${name} cannot go on`, { cause: error });
  });
  let stopped: Promise<void> | undefined;
  return {
    metrics,
    lines,
    status,
    stop() {
      stopped ??= running.stop().then(() => db.close());
      return stopped;
    },
  };
}

export interface TestService {
  readonly url: string;
  close(): Promise<void>;
}

/** A catalogue service of a few lines. */
export async function startService(answer: RequestListener): Promise<TestService> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api/products`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
