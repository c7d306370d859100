import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import type { Config } from '../pipeline/kernel/config.ts';
import type { Analytics } from '../pipeline/stores/analytics.ts';
import { createServingConnections } from '../pipeline/stores/redis/serving-connections.ts';
import { deadLetterRoutes } from './admin/dead-letter-routes.ts';
import type { DeadLetterVerbs } from './admin/verbs.ts';
import { createBaselines } from './analytics/baselines.ts';
import { composeApp } from './compose-app.ts';
import { createServing, type Serving } from './create-serving.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';
import type { Impressions } from './impressions.ts';
import type { AccessRole } from './main/access.ts';
import type { ServerContext } from './main/context.ts';
import type { IdentityEnv } from './middleware/identity.ts';
import { createMeasure } from './middleware/request-metrics.ts';
import type { DocumentOptions } from './openapi/document.ts';
import { openapiRoutes } from './openapi/routes.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { analyticsRoutes } from './routes/analytics.ts';
import { type ContractDeps, contractRoutes } from './routes/contract.ts';
import { type Health, statusRoutes } from './routes/status.ts';
import { streamWorkerRoutes, type WorkerReports } from './routes/stream-worker.ts';

export interface ServingRoleOptions {
  /** Answered from until `f:active` says another. */
  readonly stateVersion: number;
  /** Undefined where the process takes no events. */
  readonly impressions: Impressions | undefined;
}

/** The list routes over Redis, and what keeps their views current; connections start first and stop last. */
export function servingRole(context: ServerContext, { stateVersion, impressions }: ServingRoleOptions): Serving {
  const { config, log } = context;
  const { component, ...readers } = createServingConnections({ url: config.FRESHET_REDIS_URL, log });
  const recoWindow = {
    windowSeconds: config.FRESHET_RECO_METRICS_WINDOW_SEC,
    maxSamples: config.FRESHET_RECO_METRICS_MAX_SAMPLES,
  };
  const serving = createServing({
    ...context,
    ...readers,
    recoWindow,
    cursorKey: cursorKeyOf(context),
    retainedRequests: config.FRESHET_SERVING_RETAINED_REQUESTS,
    stateVersion,
    impressions,
  });
  return { ...serving, components: [component, ...serving.components] };
}

/** Without a configured key a cursor is opened by the process alone that made it, until it stops. */
function cursorKeyOf({ config, log }: ServerContext): Buffer {
  const key = config.FRESHET_HTTP_CURSOR_KEY;
  if (key !== '') return Buffer.from(key);
  log.info({}, 'cursors are good in this process only: set FRESHET_HTTP_CURSOR_KEY where several serve one address');
  return randomBytes(32);
}

/** The operators' routes; undefined where the configuration names no operator. */
export function adminRole(context: ServerContext, verbs: DeadLetterVerbs): Hono<IdentityEnv> | undefined {
  const tokens = context.config.FRESHET_ADMIN_TOKENS;
  if (tokens.length === 0) return undefined;
  return deadLetterRoutes({ ...context, verbs, tokens, measure: createMeasure(context.metrics, context.clock) });
}

/** How lists do, from what users were shown and did. */
export function analyticsRole({ metrics, clock }: ServerContext, analytics: Analytics): Hono<IdentityEnv> {
  return analyticsRoutes({ baselines: createBaselines({ analytics, clock }), measure: createMeasure(metrics, clock) });
}

/** What clients may rely on. */
export const contractRole = (contract: ContractDeps): Hono<IdentityEnv> => contractRoutes(contract);

/** What clients may send and are answered, to programs and to people. */
export const openapiRole = (document: DocumentOptions): Hono<IdentityEnv> => openapiRoutes(document);

type Kind = 'http' | 'worker' | 'admin';

export interface FrontOptions {
  /** `http` serves clients, `admin` operators; each of them, and `worker` alone, has health and metrics. */
  readonly kind: Kind;
  readonly apps: readonly Hono<IdentityEnv>[];
  readonly health: () => Health;
  /** Who may come in; by default everybody. */
  readonly access?: AccessRole['access'];
  /** What this and all other processes do. */
  readonly workers?: WorkerReports;
}

export interface Front {
  /** Method and path of every route, as routers write them. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  readonly server: HttpServer;
  readonly readiness: Readiness;
}

/** The process's port: its routers, health, readiness and metrics. */
export function createFront(context: ServerContext, { kind, apps, health, workers, access }: FrontOptions): Front {
  const { config, metrics } = context;
  const readiness = createReadiness();
  const metricsEnabled = config.FRESHET_PROMETHEUS_METRICS_ENABLED;
  const status = statusRoutes({ readiness, health, metrics, metricsEnabled });
  const app = composeApp({
    ...context,
    apps: [...apps, status, ...(workers ? [streamWorkerRoutes(workers)] : [])],
    ...(access ? { access } : {}),
    ...(kind === 'http' ? { corsOrigins: config.FRESHET_HTTP_CORS_ORIGINS } : {}),
  });
  return {
    server: createHttpServer({ ...context, ...placeOf(config, kind), name: kind, app, readiness }),
    readiness,
    routes: app.routes.map(({ method, path }) => ({ method, path })),
  };
}

/** Operators' routes on an address of their own, beside the process's port. */
export function createAdminServer(context: ServerContext, app: Hono<IdentityEnv>, readiness: Readiness): HttpServer {
  const composed = composeApp({ ...context, apps: [app] });
  const place = placeOf(context.config, 'admin');
  return createHttpServer({ ...context, ...place, name: 'admin', app: composed, readiness });
}

function placeOf(config: Config, kind: Kind): { readonly host: string; readonly port: number } {
  switch (kind) {
    case 'http':
      return { host: config.FRESHET_HTTP_HOST, port: config.FRESHET_HTTP_PORT };
    case 'worker':
      return { host: config.FRESHET_WORKER_METRICS_HOST, port: config.FRESHET_WORKER_METRICS_PORT };
    case 'admin':
      return { host: config.FRESHET_ADMIN_HOST, port: config.FRESHET_ADMIN_PORT };
  }
}
