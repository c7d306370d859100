import { Hono, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { FreshetError, messageOf, TransientError } from '../pipeline/kernel/errors.ts';
import type { Logger } from '../pipeline/kernel/logger.ts';
import type { Metrics } from '../pipeline/kernel/metrics.ts';
import { type Problem, problemResponse } from '../pipeline/kernel/problem.ts';
import { internal } from './malformed-request.ts';
import { allowedMethods } from './middleware/allowed-methods.ts';
import { cors } from './middleware/cors.ts';
import { type IdentityEnv, identity } from './middleware/identity.ts';

export interface ComposeOptions {
  /** Routers of ingest, serving and status; the first one that has a route answers. */
  readonly apps: readonly Hono<IdentityEnv>[];
  readonly metrics: Pick<Metrics, 'httpRequests'>;
  readonly log: Logger;
  /** A new request id. */
  readonly makeId: () => string;
  /** Lets through who may; without it everybody may. */
  readonly access?: MiddlewareHandler<IdentityEnv>;
  /** Origins whose pages may call from a browser; none by default. */
  readonly corsOrigins?: readonly string[];
}

const unavailable: Problem = {
  status: 503,
  code: 'unavailable',
  detail: 'Something this needs is away for now. Repeat the request after Retry-After.',
  retryAfterSeconds: 1,
};

/**
 * Puts routers behind one port: request ids, and the one error shape for whatever they do not answer.
 * Routers measure their own routes; what no route takes is counted here.
 */
export function composeApp({
  apps,
  metrics,
  log,
  makeId,
  access,
  corsOrigins = [],
}: ComposeOptions): Hono<IdentityEnv> {
  const app = new Hono<IdentityEnv>();
  app.use(identity(makeId));
  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  const inner = new Hono<IdentityEnv>();
  for (const one of apps) inner.route('/', one);
  const allowed = allowedMethods(inner.routes as Hono['routes']);
  if (access) app.use(access);
  app.route('/', inner);

  app.notFound((c) => {
    const methods = allowed(c.req.path);
    const { requestId } = c.get('identity');
    metrics.httpRequests.inc({ route: 'none', status: methods.length === 0 ? '404' : '405' });
    if (methods.length === 0) {
      return problemResponse({ status: 404, code: 'unknown_route', detail: 'There is no such path.' }, requestId);
    }
    const detail = `This path takes ${methods.join(', ')}.`;
    const response = problemResponse({ status: 405, code: 'method_not_allowed', detail }, requestId);
    response.headers.set('allow', methods.join(', '));
    return response;
  });

  app.onError((error, c) => {
    const { requestId } = c.get('identity');
    const { method } = c.req;
    if (error instanceof TransientError) {
      log.warn({ requestId, method, code: error.code, error: messageOf(error) }, 'request met something away');
      return problemResponse(unavailable, requestId);
    }
    if (error instanceof HTTPException && error.status < 500) {
      return problemResponse(
        { status: error.status, code: 'bad_request', detail: 'The request was refused.' },
        requestId,
      );
    }
    const code = error instanceof FreshetError ? error.code : undefined;
    log.error({ requestId, method, code, error: messageOf(error), stack: error.stack }, 'request failed');
    return problemResponse(internal, requestId);
  });
  return app;
}
