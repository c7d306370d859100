import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { untilServersAnswer } from './health.ts';
import { folderHash } from './paths.ts';
import { claimPorts } from './ports.ts';
import type { OnProgress } from './progress.ts';
import { mustRun, runTool } from './run-tool.ts';
import { type ServerName, serverNames } from './server-name.ts';
import { readState, type StackState, writeState } from './state.ts';
import { localUrls, type ServerUrls } from './urls.ts';

export interface DockerStack {
  /** The checkout, where docker-compose.yml is. */
  readonly root: string;
  readonly folder: string;
}

/** True where a Docker engine answers and has compose. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    const engine = await runTool({ command: 'docker', args: ['version', '--format', '{{.Server.Version}}'] });
    if (engine.code !== 0) return false;
    return (await runTool({ command: 'docker', args: ['compose', 'version'] })).code === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Published ports, as the variables that docker-compose.yml reads. */
export function composeEnvironment({ ports }: StackState): Record<string, string> {
  return {
    POSTGRES_PORT: String(ports.postgres),
    KAFKA_PORT: String(ports.kafka),
    REGISTRY_PORT: String(ports.registry),
    REDIS_PORT: String(ports.redis),
  };
}

function composeArguments({ root, folder }: DockerStack): string[] {
  return ['compose', '-p', `freshet-${folderHash(folder)}`, '-f', join(root, 'docker-compose.yml')];
}

async function compose(stack: DockerStack, state: StackState, args: readonly string[]): Promise<string> {
  return mustRun({ command: 'docker', args: [...composeArguments(stack), ...args], env: composeEnvironment(state) });
}

async function newState(folder: string): Promise<StackState> {
  const [postgres, kafka, registry, redis, kafkaController] = (await claimPorts(folder, 5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    version: 1,
    id: folderHash(folder),
    driver: 'docker',
    ports: { postgres, kafka, registry, redis, kafkaController },
    processes: {},
  };
}

/** Starts the servers' containers and waits for their health checks. The caller holds the stack's lock. */
export async function dockerUp(stack: DockerStack, onProgress: OnProgress): Promise<ServerUrls> {
  const state = readState(stack.folder) ?? (await newState(stack.folder));
  writeState(stack.folder, { ...state, driver: 'docker' });
  onProgress({ subject: 'docker', text: 'docker compose up' });
  try {
    await compose(stack, state, ['up', '--detach', '--wait', ...serverNames]);
  } catch (cause) {
    const says = 'docker compose could not start the servers; FRESHET_STACK=embedded does without Docker';
    const args = [...composeArguments(stack), 'logs', '--no-color', '--tail', '20', ...serverNames];
    const { output } = await runTool({ command: 'docker', args, env: composeEnvironment(state) });
    throw new FreshetError('stack_docker_failed', `${says}. The end of their logs:\n${output}`, { cause });
  }
  const urls = localUrls(state.ports);
  await untilServersAnswer(urls);
  return urls;
}

export async function dockerDown(stack: DockerStack, state: StackState, purge: boolean): Promise<void> {
  // The images declare volumes that compose does not name; `down` alone would leave them behind each time.
  await compose(stack, state, ['rm', '--stop', '--force', '--volumes', ...serverNames]);
  await compose(stack, state, ['down', ...(purge ? ['--volumes'] : [])]);
}

export async function dockerStopServer(
  stack: DockerStack,
  state: StackState,
  name: ServerName,
  signal?: NodeJS.Signals,
): Promise<void> {
  await compose(stack, state, signal === 'SIGKILL' ? ['kill', name] : ['stop', name]);
}

export async function dockerStartServer(stack: DockerStack, state: StackState, name: ServerName): Promise<void> {
  await compose(stack, state, ['up', '--detach', '--wait', '--no-deps', name]);
  await untilServersAnswer(localUrls(state.ports), [name]);
}

export async function dockerRuns(stack: DockerStack, state: StackState, name: ServerName): Promise<boolean> {
  const output = await compose(stack, state, ['ps', '--services', '--status', 'running']);
  return output.split('\n').includes(name);
}

export function dockerLogs(stack: DockerStack, state: StackState, name: ServerName, lines: number): Promise<string> {
  return compose(stack, state, ['logs', '--no-color', '--tail', String(lines), name]);
}
