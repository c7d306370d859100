import { Hono } from 'hono';
import type { Codec } from '../../broker/codec.ts';
import type { Admission } from '../../kernel/admission.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component, Running } from '../../kernel/component.ts';
import { settlesWithin } from '../../kernel/deadline.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { untilAvailable } from '../../kernel/retry.ts';
import type { DocumentReader } from '../../stores/documents.ts';
import type { IngestStore } from '../../stores/ingest.ts';
import type { RecentEvents } from '../../stores/recent-events.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import { Door } from './door.ts';
import { GroupCommit } from './group-commit.ts';
import { RateLimits } from './rate-limits.ts';
import { addRoutes } from './routes.ts';
import { createSlateLog, type ServedSlate } from './slate-log.ts';
import { type IngestWriters, loadWriters } from './writers.ts';

export interface IngestOptions {
  readonly codec: Pick<Codec, 'writer'>;
  readonly store: IngestStore;
  readonly reader: DocumentReader;
  readonly settings: SettingsSource;
  readonly recent: RecentEvents;
  /** Called after each commit that stored something: wakes the relay. Must not throw. */
  readonly signal: () => void;
  readonly admission: Admission;
  /** Events that may wait for a group commit before requests are answered 503. */
  readonly queueEvents: number;
  /** Bytes of request bodies that may be held before requests are answered 503. */
  readonly heldBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Makes request ids. */
  readonly makeId: () => string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** After that a stopping process goes: what it did not answer, clients repeat. */
const drainWithinMs = 10_000;

export interface Ingest {
  readonly app: Hono;
  readonly component: Component;
  /** Takes a list that this process has served as an impression; returns at once, never throws. */
  logSlate(slate: ServedSlate): void;
}

/**
 * The HTTP door. `app` has the routes, to be mounted at `/`; `component` makes it ready and drains it, and
 * is to be stopped after the HTTP server. Until the registry has answered, and the settings are read,
 * requests are answered 503. While it refuses requests because too much waits it stays ready: it recovers by itself,
 * and the outbox that others would write to is the same.
 */
export function createIngest(options: IngestOptions): Ingest {
  const { codec, store, settings, clock, random, log, metrics, signal: onCommitted, queueEvents: queueLimit } = options;
  const commits = new GroupCommit({ store, clock, log, metrics, onCommitted, queueLimit });
  const door = new Door({ ...options, commits });
  let writers: IngestWriters | undefined;

  const unready = () => {
    if (!writers) return 'the schema registry has not answered yet';
    return settings.isLoaded() ? undefined : 'namespace settings were not read yet';
  };
  const readyWriters = (): IngestWriters => {
    if (!writers) throw new Error('a route was called before ingest was ready');
    return writers;
  };
  async function start(fail: (error: unknown) => void): Promise<Running> {
    const stopping = new AbortController();
    const { signal } = stopping;
    const loading = untilAvailable('schema ids', { clock, random, log, signal }, () => loadWriters(codec))
      .then((loaded) => {
        writers = loaded;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      });
    return {
      unready,
      async stop() {
        stopping.abort();
        await loading;
        if (!(await settlesWithin(clock, drainWithinMs, commits.drain())))
          log.warn({}, 'ingest stopped with groups under way');
      },
    };
  }
  const app = new Hono();
  const shared = { ...options, commits, door, unready, rates: new RateLimits(options) };
  addRoutes(app, { ...shared, writers: readyWriters });
  const logSlate = createSlateLog({ ...shared, writers: () => readyWriters().events });
  return { app, component: { name: 'ingest', start }, logSlate };
}
