import { join } from 'node:path';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { untilServersAnswer } from '../../ops/stack/health.ts';
import { containerSpecs } from '../../ops/stack/images.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { claimPorts } from '../../ops/stack/ports.ts';
import { localUrls, type OnProgress, type ServerName, type StackUrls, serverNames } from '../../ops/stack/stack.ts';

export interface TestStack {
  readonly urls: StackUrls;
  /** Ids of containers that this run started; empty where the servers are not its own. */
  readonly containers: Readonly<Partial<Record<ServerName, string>>>;
  close(): Promise<void>;
}

type Ports = Record<ServerName, number>;

async function startOne(name: ServerName, ports: Ports, network: StartedNetwork): Promise<StartedTestContainer> {
  const spec = containerSpecs({ kafkaOutside: `127.0.0.1:${ports.kafka}` })[name];
  const files = Object.entries(spec.files).map(([file, target]) => ({
    source: join(checkoutRoot(), 'ops', 'stack', file),
    target,
  }));
  const [command, ...args] = spec.healthCommand as [string, ...string[]];
  const container = new GenericContainer(spec.image)
    .withNetwork(network)
    .withNetworkAliases(name)
    .withEnvironment({ ...spec.environment })
    .withCopyFilesToContainer(files)
    .withExposedPorts({ container: spec.port, host: ports[name] })
    .withHealthCheck({ test: ['CMD', command, ...args], interval: 1_000, timeout: 10_000, retries: 60 })
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(180_000);
  return (spec.command.length > 0 ? container.withCommand([...spec.command]) : container).start();
}

/** Starts the four servers in containers of their own, which Docker's reaper removes even after a crash. */
export async function startContainers(onProgress: OnProgress): Promise<TestStack> {
  const [postgres, kafka, registry, redis] = (await claimPorts(join(checkoutRoot(), 'test'), 4)) as [
    number,
    number,
    number,
    number,
  ];
  const ports = { postgres, kafka, registry, redis };
  const network = await new Network().start();
  const start = async (name: ServerName) => {
    onProgress({ subject: name, text: 'starting a container' });
    return [name, await startOne(name, ports, network)] as const;
  };
  const first = await Promise.all(serverNames.filter((name) => name !== 'registry').map(start));
  const started = [...first, await start('registry')];
  let closing: Promise<void> | undefined;
  const stopAll = async () => {
    await Promise.all(started.map(([, container]) => container.stop()));
    await network.stop();
  };
  const urls = localUrls(ports);
  await untilServersAnswer(urls);
  return {
    urls: { driver: 'docker', ...urls },
    containers: Object.fromEntries(started.map(([name, container]) => [name, container.getId()])),
    close() {
      closing ??= stopAll();
      return closing;
    },
  };
}
