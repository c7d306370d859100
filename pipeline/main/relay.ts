import type { Component } from '../kernel/component.ts';
import { FreshetError, messageOf } from '../kernel/errors.ts';
import { outboxNameOf } from '../kernel/outbox-urls.ts';
import { openDatabase } from '../stores/postgres/database.ts';
import { keptRunning } from './kept-running.ts';
import { type OutboxRelay, outboxRelay } from './outbox-relay.ts';
import type { ProcessContext, Resources } from './resources.ts';

/** Our own outbox, in names. */
const main = 'main';
/** Upkeep: partitions and gauges, side by side. */
const databaseConnections = 2;
const watchEveryMs = 1_000;

/** How one outbox is served by this process. */
export interface RelayStatus {
  readonly outbox: string;
  /** Null while it is read, its leases are renewed and what comes is published. */
  readonly problem: string | null;
}

export interface RelayRole {
  readonly components: readonly Component[];
  status(): readonly RelayStatus[];
}

/** A network that forgot the connection would otherwise hold up the making of partitions for a quarter of an hour. */
const upkeepTimeoutMs = 60_000;

/**
 * One relay an outbox: ours, and those of the services in FRESHET_OUTBOX_URLS. Ours decides whether the process is
 * ready and ends it when it cannot go on. A service's database that is away, not installed or unsafe to read is seen
 * in the status, the metrics and the log, and holds up nobody else.
 */
export function relayRole(context: ProcessContext, resources: Resources): RelayRole {
  const { config, clock, log, metrics, instance } = context;
  const relayOf = (outbox: Omit<OutboxRelay, 'database'>) => {
    const database = openDatabase({
      url: outbox.url,
      maxConnections: databaseConnections,
      queryTimeoutMs: upkeepTimeoutMs,
      onIdleError: (error) =>
        log.warn({ outbox: outbox.name, error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
    });
    return outboxRelay(context, resources, { ...outbox, database });
  };
  const own = relayOf({ name: main, relay: instance, url: config.FRESHET_POSTGRES_URL });
  const services = servicesOf(config).map(({ name, url }) => ({
    name,
    kept: keptRunning(`relay of ${name}`, { clock, log }, (attempt) =>
      relayOf({ name, url, relay: attempt === 0 ? instance : `${instance}-${attempt}` }),
    ),
  }));
  let ownProblem: () => string | undefined = () => 'not started yet';
  const watched: Component = {
    name: own.name,
    async start(fail) {
      const running = await own.start(fail);
      ownProblem = () => running.unready?.();
      return running;
    },
  };
  const status = () => [
    { outbox: main, problem: ownProblem() ?? null },
    ...services.map(({ name, kept }) => ({ outbox: name, problem: kept.problem() ?? null })),
  ];
  const watch = () => {
    for (const { outbox, problem } of status()) metrics.relayServing.set({ outbox }, problem === null ? 1 : 0);
  };
  return { components: [watched, ...services.map(({ kept }) => kept.component), watcher(context, watch)], status };
}

function servicesOf(config: ProcessContext['config']): { readonly name: string; readonly url: string }[] {
  const own = outboxNameOf(config.FRESHET_POSTGRES_URL);
  return config.FRESHET_OUTBOX_URLS.map((url) => {
    const name = outboxNameOf(url);
    if (name !== own) return { name, url };
    const message = `FRESHET_OUTBOX_URLS: ${name} is the database of FRESHET_POSTGRES_URL, which is served anyway; leave it out`;
    throw new FreshetError('outbox_named_twice', message);
  });
}

function watcher({ clock }: Pick<ProcessContext, 'clock'>, watch: () => void): Component {
  return {
    name: 'relay-watch',
    async start() {
      const stopping = new AbortController();
      const run = async () => {
        while (!stopping.signal.aborted) {
          watch();
          await clock.sleep(watchEveryMs, stopping.signal);
        }
      };
      const running = run();
      return {
        async stop() {
          stopping.abort();
          await running;
        },
      };
    },
  };
}
