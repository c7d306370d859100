import type { Context, MiddlewareHandler } from 'hono';
import { accessOf } from './access-rules.ts';
import type { IdentityEnv } from './identity.ts';

const methods = ['GET', 'POST'] as const;
const sendable = 'Authorization, Content-Type, X-API-Key, X-Request-ID, X-Correlation-ID, traceparent';
const readable = 'X-Request-ID, X-Correlation-ID, Retry-After, Date';
/** What browsers may keep of a preflight's answer, seconds; Chromium's own bound. */
const preflightSeconds = '7200';

/** What pages call: lists, events, impressions, rows and similar items; nothing that is for admins or operators. */
const isForBrowsers = (method: string, path: string): boolean => {
  const access = accessOf(method, path);
  return access.kind === 'open' || (access.kind === 'clients' && access.scope !== 'admin');
};

/**
 * Lets pages of other origins call, by CORS. Credentials mode stays off: nothing here is proved by a cookie, and
 * `Authorization` needs none. Before authentication, for a preflight carries no credentials.
 */
export function cors(origins: readonly string[]): MiddlewareHandler<IdentityEnv> {
  const isAny = origins.includes('*');
  const named = new Set(origins);

  const allowedOrigin = (origin: string | null): string | undefined => {
    if (isAny) return '*';
    return origin !== null && named.has(origin) ? origin : undefined;
  };

  function preflight(c: Context<IdentityEnv>, origin: string): Response {
    const allowed = methods.filter((method) => isForBrowsers(method, c.req.path));
    return new Response(null, {
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': allowed.join(', '),
        'access-control-allow-headers': sendable,
        'access-control-max-age': preflightSeconds,
      },
    });
  }

  return async function answerOrigin(c, next) {
    const { headers } = c.req.raw;
    const origin = allowedOrigin(headers.get('origin'));
    const asked = c.req.method === 'OPTIONS' ? headers.get('access-control-request-method') : null;
    if (asked !== null && origin !== undefined && isForBrowsers(asked, c.req.path)) {
      c.res = preflight(c, origin);
    } else {
      await next();
      if (origin !== undefined) {
        c.res.headers.set('access-control-allow-origin', origin);
        c.res.headers.set('access-control-expose-headers', readable);
      }
    }
    // What is said depends on who asks, so that a cache must not give it to another origin.
    if (!isAny) c.res.headers.append('vary', 'Origin');
  };
}
