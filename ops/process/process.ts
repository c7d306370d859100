import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { type Running, startAll } from '../../pipeline/kernel/component.ts';
import type { Config } from '../../pipeline/kernel/config.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import { createMetrics, type Metrics } from '../../pipeline/kernel/metrics.ts';
import { createIntakeContract } from '../../pipeline/main/contract.ts';
import { createWorkers } from '../../pipeline/main/workers.ts';
import { createPipeline, type Pipeline } from '../../pipeline/main.ts';
import { createAnalytics } from '../../pipeline/stores/postgres/analytics.ts';
import { accessRole } from '../../serving/main/access.ts';
import {
  adminRole,
  analyticsRole,
  contractRole,
  createAdminServer,
  createFront,
  type Front,
  openapiRole,
  servingRole,
} from '../../serving/main.ts';
import { productVersion } from '../cli/report.ts';
import { joinOwnGroup } from '../rebuild/own-group.ts';
import type { Role } from './roles.ts';

/** The version of state that is there from the first migration on: answered from until `f:active` names another. */
export const stateVersion = 1;

export interface ProcessOptions {
  readonly config: Config;
  readonly roles: ReadonlySet<Role>;
  readonly log: Logger;
  /** Something cannot go on; whoever started the process stops it. */
  readonly onFatal: (component: string, error: unknown) => void;
}

export interface FreshetProcess {
  /** Where its port listens. */
  readonly url: string;
  /** Where operators find `/admin`; undefined where there is none. */
  readonly adminUrl: string | undefined;
  /** Method and path of every route of that port. */
  readonly routes: Front['routes'];
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  /** Undefined once everything it runs is ready. */
  unready(): string | undefined;
  /** Answers 503 on readiness, finishes what is in flight, disconnects; idempotent. */
  stop(): Promise<void>;
}

/** Starts roles in this process: the pipeline's and serving's, behind one port, but for operators, who have their own. */
export async function startProcess({ config, roles, log, onFatal }: ProcessOptions): Promise<FreshetProcess> {
  const metrics = createMetrics();
  const base = { config, log, metrics, clock: systemClock, random: Math.random, makeId: randomUUID };
  await joinOwnGroup({ ...base, roles });
  const instance = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const identity = { instance, roles, appVersion: productVersion() };
  const pipeline = await createPipeline({ ...base, ...identity });
  const impressions = pipeline.logSlate && { log: pipeline.logSlate };
  const serving = roles.has('serving') ? servingRole(base, { stateVersion, impressions }) : undefined;
  const admin = pipeline.deadLetters && adminRole(base, pipeline.deadLetters);
  const analytics = serving && analyticsRole(base, createAnalytics(pipeline.resources.database));
  const isAdminApart = admin !== undefined && !config.FRESHET_ADMIN_ON_HTTP_PORT;
  const doors = [pipeline.app, serving?.app, analytics, isAdminApart ? undefined : admin].filter(
    (app) => app !== undefined,
  );
  const { limits: intakeLimits, schemas } = createIntakeContract(pipeline.resources.registry);
  const version = productVersion();
  const kind = doors.length > 0 ? 'http' : isAdminApart && roles.size === 1 ? 'admin' : 'worker';
  const access = kind === 'http' ? accessRole(base) : undefined;
  const told = [
    contractRole({ version, intakeLimits, schemas }),
    openapiRole({ version, isSecured: access !== undefined }),
  ];
  const apps = { http: [...doors, ...told], admin: admin ? [admin] : [], worker: [] }[kind];
  const says = () => {
    const pull = pipeline.catalogPull();
    return { stages: pipeline.status(), relays: pipeline.relays(), ...(pull ? { catalog_pull: pull } : {}) };
  };
  const workers = createWorkers(
    { ...base, ...identity },
    {
      says: () => ({ ...says(), ...(serving ? { serving: serving.health() } : {}) }),
      offsets: (topic) => pipeline.resources.admin.offsets(topic),
    },
  );
  const { server, readiness, routes } = createFront(base, {
    kind,
    apps: apps as Parameters<typeof createFront>[1]['apps'],
    health: () => ({ ...says(), ...serving?.health() }),
    workers,
    ...(access ? { access: access.access } : {}),
  });
  const adminServer = isAdminApart && kind !== 'admin' ? createAdminServer(base, admin, readiness) : undefined;
  const components = [
    workers.component,
    ...(access?.components ?? []),
    ...pipeline.components,
    ...(serving?.components ?? []),
    ...(adminServer ? [adminServer] : []),
    server,
  ];
  let running: Running | undefined;
  readiness.add(() => (running ? running.unready?.() : 'starting'));
  running = await startAll(components, log, onFatal);
  const started = running;
  let stopped: Promise<void> | undefined;
  return {
    url: server.url() ?? '',
    adminUrl: (adminServer ?? (admin ? server : undefined))?.url(),
    routes,
    metrics,
    pipeline,
    unready: () => readiness.reason(),
    stop() {
      stopped ??= started.stop();
      return stopped;
    },
  };
}
