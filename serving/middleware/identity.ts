import type { Context, MiddlewareHandler } from 'hono';
import type { Caller } from '../../pipeline/domain/caller.ts';
import { identityHeaders, type RequestIdentity, requestIdentity } from '../../pipeline/kernel/request-id.ts';

export interface IdentityEnv {
  Variables: {
    identity: RequestIdentity;
    /** What the credentials of the request allow; left out where nobody is asked. */
    caller?: Caller;
    /** Who sends it, on routes for operators. */
    operator?: string;
    /** Its answer has every header that `identity` would put on it. */
    isNamed?: true;
  };
}

/**
 * What every answer tells browsers and caches, unless its route says otherwise: it is what it says it is, no page of
 * another origin embeds it, it tells nobody where a link came from, and nobody keeps it.
 */
const safeHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;
const safeEntries = Object.entries(safeHeaders);

/** Names the request; puts the names and `safeHeaders` on its response, where no inner app has done so. */
export function identity(makeId: () => string): MiddlewareHandler<IdentityEnv> {
  return async function identify(c, next) {
    const names = requestIdentity((name) => c.req.raw.headers.get(name), makeId);
    c.set('identity', names);
    await next();
    if (c.get('isNamed')) return;
    const { headers } = c.res;
    for (const [name, value] of Object.entries(identityHeaders(names))) {
      if (!headers.has(name)) headers.set(name, value);
    }
    for (const [name, value] of safeEntries) if (!headers.has(name)) headers.set(name, value);
  };
}

/**
 * A document as the answer to a hot route, with the headers of `identity` in a plain record: a `Headers` object costs more
 * than the rest of the answer.
 */
export function answeredJson(c: Context<IdentityEnv>, document: unknown): Response {
  c.set('isNamed', true);
  const headers = { 'content-type': 'application/json', ...identityHeaders(c.get('identity')), ...safeHeaders };
  return new Response(JSON.stringify(document), { status: 200, headers });
}
