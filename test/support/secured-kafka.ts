import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installServers } from '../../ops/stack/embedded/install.ts';
import { findJava } from '../../ops/stack/embedded/java.ts';
import { claimPorts } from '../../ops/stack/ports.ts';
import { mustRun } from '../../ops/stack/run-tool.ts';
import { kafkaHeap, kafkaSettings } from '../../ops/stack/settings.ts';
import { type Authority, createAuthority } from './authority.ts';

export const kafkaAccount = { username: 'freshet', password: 'scram-secret-%40:@/' } as const;
/** Known to PLAIN; the other one to both kinds of SCRAM. */
export const plainAccount = { username: 'plain', password: 'plain-secret' } as const;

/** A broker of one test file that is reached over TLS and by a login alone. */
export interface SecuredKafka {
  /** TLS, and SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN. */
  readonly brokers: string;
  /** TLS, and a client certificate in place of a login. */
  readonly brokersByCertificate: string;
  readonly authority: Authority;
  close(): Promise<void>;
}

/** Keys, certificates and accounts are made anew; nothing of them is kept. */
export async function createSecuredKafka(): Promise<SecuredKafka> {
  const folder = mkdtempSync(join(tmpdir(), `freshet-secured-kafka-p${process.pid}-`));
  let child: ChildProcess | undefined;
  const close = async () => {
    child?.kill('SIGKILL');
    if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [kafka, byCertificate, controller] = (await claimPorts(folder, 3)) as [number, number, number];
    const authority = createAuthority(join(folder, 'keys'));
    const place = await format(folder, propertiesOf({ folder, kafka, byCertificate, controller, authority }));
    child = run(place);
    await untilStarted(child, place.log);
    return {
      brokers: `localhost:${kafka}`,
      brokersByCertificate: `localhost:${byCertificate}`,
      authority,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Place {
  readonly java: string;
  readonly classPath: string;
  readonly properties: string;
  readonly log: string;
}

/** Makes the log folder, with the accounts of SCRAM in it. */
async function format(folder: string, settings: string): Promise<Place> {
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, settings);
  const [java, binaries] = [await findJava(), await installServers(() => undefined)];
  const classPath = join(binaries, 'kafka', '*');
  const accounts = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['-S', credential(mechanism)]);
  const tool = ['kafka.tools.StorageTool', 'format', '-t', 'c2VjdXJlZC1rYWZrYS0wMQ', '-c', properties, ...accounts];
  await mustRun({ command: java, args: ['-XX:TieredStopAtLevel=1', '-cp', classPath, ...tool] });
  return { java, classPath, properties, log: join(folder, 'kafka.log') };
}

function run({ java, classPath, properties, log }: Place): ChildProcess {
  const flags = [...kafkaHeap.split(' '), '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const output = openSync(log, 'a');
  const child = spawn(java, [...flags, '-cp', classPath, 'kafka.Kafka', properties], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return child;
}

const credential = (mechanism: string) =>
  `${mechanism}=[name=${kafkaAccount.username},password=${kafkaAccount.password}]`;

interface Settings {
  readonly folder: string;
  readonly kafka: number;
  readonly byCertificate: number;
  readonly controller: number;
  readonly authority: Authority;
}

function propertiesOf({ folder, kafka, byCertificate, controller, authority }: Settings): string {
  const listener = 'listener.name.logins';
  const jaas = 'org.apache.kafka.common.security';
  const all: Readonly<Record<string, string>> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `LOGINS://localhost:${kafka},CERTIFICATES://localhost:${byCertificate},CONTROLLER://127.0.0.1:${controller}`,
    'listener.security.protocol.map': 'LOGINS:SASL_SSL,CERTIFICATES:SSL,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'CERTIFICATES',
    'listener.name.certificates.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': authority.issue('broker').storeFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.caFile,
    [`${listener}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN',
    [`${listener}.scram-sha-512.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: `${jaas}.scram.ScramLoginModule required;`,
    [`${listener}.plain.sasl.jaas.config`]: `${jaas}.plain.PlainLoginModule required user_${plainAccount.username}="${plainAccount.password}";`,
    'log.dirs': join(folder, 'data'),
    ...kafkaSettings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The broker says so itself; that clients get in is what the tests ask. */
async function untilStarted(child: ChildProcess, log: string): Promise<void> {
  const deadline = AbortSignal.timeout(50_000);
  while (!readFileSync(log, 'utf8').includes('Kafka Server started')) {
    if (child.exitCode !== null || deadline.aborted)
      throw new Error(`Kafka did not start:\n${readFileSync(log, 'utf8').slice(-3_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
