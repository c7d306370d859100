import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import pg from 'pg';
import { containerSpecs } from '../../stack/images.ts';
import { checkoutRoot, stackFolder } from '../../stack/paths.ts';
import { readState } from '../../stack/state.ts';

/** Where figures come from. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly postgres: string;
  readonly kafka: string;
  /** Processes that wanted to run in the minute before: more than none means that others were at work. */
  readonly loadBefore: number;
}

/** Processors of one series share a name in a virtual machine, so the model number goes with it. */
function processor(): string {
  const name = cpus()[0]?.model ?? 'unknown';
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const [family, model] = ['cpu family', 'model'].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, 'm').exec(info)?.[1]);
  return family && model ? `${name}, family ${family} model ${model}` : name;
}

async function postgresVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}

/** A broker does not tell its version; that of this checkout's own stack is known from what it was made of. */
function kafkaVersion(brokers: string): string {
  const state = readState(stackFolder(checkoutRoot()));
  if (!state || brokers !== `127.0.0.1:${state.ports.kafka}`) return 'not of this stack';
  if (state.driver === 'docker')
    return containerSpecs({ kafkaOutside: brokers }).kafka.image.split(':')[1] ?? 'unknown';
  const pom = readFileSync(new URL('../../stack/pom.xml', import.meta.url), 'utf8');
  return /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1] ?? 'unknown';
}

/** This machine and the servers that a bench used. */
export async function describeMachine(servers: {
  readonly postgresUrl: string;
  readonly kafkaBrokers: string;
}): Promise<Machine> {
  return {
    cpu: processor(),
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    node: process.version,
    postgres: await postgresVersion(servers.postgresUrl),
    kafka: kafkaVersion(servers.kafkaBrokers),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}
