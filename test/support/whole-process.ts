import { type FreshetProcess, startProcess } from '../../ops/process/process.ts';
import { type Role, roles } from '../../ops/process/roles.ts';
import { applySchemas } from '../../ops/schemas/apply.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import { registryConnection } from '../../pipeline/kernel/server-connections.ts';
import { installedTopics } from '../../pipeline/main/installed-topics.ts';
import { openResources, type Resources } from '../../pipeline/main/resources.ts';
import { eventually } from './eventually.ts';
import { openShopper, type Shopper } from './shopper.ts';
import { createWorkspace, type Workspace, type WorkspaceOptions } from './workspace.ts';

export interface WholeProcess {
  readonly process: FreshetProcess;
  readonly workspace: Workspace;
  readonly shopper: Shopper;
  /** What the process could not go on from; empty in a sound run. */
  readonly fatal: readonly string[];
  /** Log lines of level `error`: someone would have to act. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Tables, schemas and topics of a workspace, as `migrate up`, `schemas apply` and `topics apply` make them. */
export async function createInstalledWorkspace(options: Omit<WorkspaceOptions, 'topics'>): Promise<Workspace> {
  const workspace = await createWorkspace(options);
  const registry = registryConnection(workspace.config);
  const { all, avro } = installedTopics(workspace.config.FRESHET_SUBMIT_TOPICS);
  await workspace.createTopics(all);
  await applySchemas({
    registryUrl: registry.url,
    registry,
    root: checkoutRoot(),
    topics: avro,
    log: createLogger('fatal'),
  });
  return workspace;
}

/** The same connections that a process has, to look at its servers with; close them before the workspace. */
export function openTestResources({ config }: Workspace): Promise<Resources> {
  return openResources({
    config,
    log: createLogger('error'),
    metrics: createMetrics(),
    clock: systemClock,
    random: Math.random,
    instance: 'test',
    appVersion: 'test',
  });
}

/** Every role in this process on servers of its own; resolves when it is ready. */
export async function startWholeProcess(
  options: Omit<WorkspaceOptions, 'topics'> & { readonly roles?: readonly Role[] },
): Promise<WholeProcess> {
  const workspace = await createInstalledWorkspace(options);
  const fatal: string[] = [];
  const errors: string[] = [];
  const process = await startProcess({
    config: workspace.config,
    roles: new Set(options.roles ?? roles),
    log: createLogger('error', { write: (line) => void errors.push(line) }),
    onFatal: (component, error) => void fatal.push(`${component}: ${String(error)}`),
  });
  await untilReady(process);
  return {
    process,
    workspace,
    shopper: openShopper(process.url),
    fatal,
    errors,
    async close() {
      await process.stop();
      await workspace.close();
    },
  };
}

/** Groups of a new installation are formed within seconds, after an outage within a session timeout. */
export async function untilReady({ unready }: Pick<FreshetProcess, 'unready'>, withinMs = 60_000): Promise<void> {
  await eventually(
    () => {
      const reason = unready();
      if (reason !== undefined) throw new Error(`not ready: ${reason}`);
    },
    { withinMs, everyMs: 50 },
  );
}
