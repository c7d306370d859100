import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { type ServerUrls, stackEnvironment } from '../../stack/urls.ts';
import { startListening, startProduct } from '../harness/product-process.ts';
import { findServers } from '../relay/server-cpu.ts';
import { openScenario, prepareServers, type ScenarioArea } from './area.ts';
import { type Measured, meanBatch, measure } from './measure.ts';
import { makeScenario, type ScenarioName } from './scenarios.ts';
import { verifyActivity, verifyApplied, verifyUsers } from './verify.ts';

export interface AggregateBenchOptions {
  readonly scenarios: readonly ScenarioName[];
  readonly runs: number;
  /** Of `zipf` and `hot`; the others take a fifth. */
  readonly events: number;
  /** Events of the peer, a transaction each; 0 leaves it out. */
  readonly peerEvents: number;
  /** For the measured process. */
  readonly nodeOptions: readonly string[];
  /** Further configuration of the measured process. */
  readonly env: Readonly<Record<string, string>>;
  say(line: string): void;
  readonly signal: AbortSignal;
}

export type SystemName = 'freshet' | 'naive';

export interface AggregateRun extends Measured {
  readonly system: SystemName;
  readonly scenario: ScenarioName | 'peer';
  readonly events: number;
  /** Events a transaction, in the mean. */
  readonly batch: number | null;
  /** Users whose state was compared with the reference. */
  readonly usersCompared: number;
}

const peerScript = new URL('peer/naive-process.ts', import.meta.url).pathname;

class Bench {
  readonly #servers: ServerUrls;
  readonly #options: AggregateBenchOptions;
  readonly runs: AggregateRun[] = [];

  constructor(servers: ServerUrls, options: AggregateBenchOptions) {
    this.#servers = servers;
    this.#options = options;
  }

  async run(area: ScenarioArea, system: SystemName, label: AggregateRun['scenario']): Promise<void> {
    const { signal, nodeOptions, say } = this.#options;
    const { scenario, prefix } = area;
    signal.throwIfAborted();
    const database = await area.openDatabase();
    try {
      const env = {
        ...stackEnvironment({ ...this.#servers, postgresUrl: database.url }),
        FRESHET_KAFKA_TOPIC_PREFIX: prefix,
        FRESHET_WORKER_METRICS_PORT: '0',
        ...this.#options.env,
      };
      const servers = await findServers(database.client, this.#servers.kafkaBrokers);
      const process =
        system === 'freshet'
          ? await startProduct({ roles: 'aggregation', env, nodeOptions })
          : await startListening([peerScript], env);
      try {
        const count = scenario.events.count - scenario.seeded;
        const measured = await measure({ client: database.client, process, servers, count, signal });
        const batch = system === 'freshet' ? await meanBatch(process) : 1;
        await process.stop();
        await verifyApplied(database.client, scenario);
        await verifyActivity(database.client, scenario);
        const usersCompared = system === 'freshet' ? await verifyUsers(database.client, scenario) : 0;
        const run = { system, scenario: label, events: count, batch, usersCompared, ...measured };
        this.runs.push(run);
        say(lineOf(run));
      } finally {
        await process.stop();
      }
    } finally {
      await database.close();
    }
  }
}

function lineOf(run: AggregateRun): string {
  const { scenario, system, eventsPerSecond, cpuSecondsPerMillion, postgresSecondsPerMillion, quarters, batch } = run;
  const rss = quarters.map(({ rssMiB }) => rssMiB).join(' ');
  const cpu = `${cpuSecondsPerMillion} CPU s/M, Postgres ${postgresSecondsPerMillion ?? '?'}`;
  return `${scenario.padEnd(5)} ${system.padEnd(8)} ${eventsPerSecond} events/s  ${cpu}  batch ${batch}  RSS ${rss} MiB, peak ${run.peakMiB}`;
}

/**
 * Reads topics filled beforehand into databases of their own. A run counts only when every event was applied once, the
 * counts of items are right and the compared users' state is that of the reference: else FreshetError `bench_failed`.
 */
export async function benchAggregate(servers: ServerUrls, options: AggregateBenchOptions): Promise<AggregateRun[]> {
  if (process.platform !== 'linux') {
    throw new FreshetError('bench_platform', 'bench aggregate reads processor time and memory from /proc: Linux only');
  }
  const { scenarios, runs, events, peerEvents, say, signal } = options;
  await prepareServers(servers);
  const bench = new Bench(servers, options);
  for (const name of scenarios) {
    signal.throwIfAborted();
    say(`${name}: making events, filling the topic`);
    const area = await openScenario(servers, makeScenario(name, events));
    try {
      for (let run = 0; run < runs; run += 1) await bench.run(area, 'freshet', name);
    } finally {
      await area.close();
    }
  }
  if (peerEvents > 0) await beside(bench, servers, options);
  return bench.runs;
}

/** The peer and the product on the same few events, in turns. */
async function beside(bench: Bench, servers: ServerUrls, { runs, peerEvents }: AggregateBenchOptions): Promise<void> {
  const area = await openScenario(servers, makeScenario('zipf', peerEvents));
  try {
    for (let run = 0; run < runs; run += 1) {
      await bench.run(area, 'naive', 'peer');
      await bench.run(area, 'freshet', 'peer');
    }
  } finally {
    await area.close();
  }
}
