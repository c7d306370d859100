import type { MiddlewareHandler } from 'hono';
import type { Caller } from '../../pipeline/domain/caller.ts';
import { identityHeaders, type RequestIdentity, requestIdentity } from '../../pipeline/kernel/request-id.ts';

export interface IdentityEnv {
  Variables: {
    identity: RequestIdentity;
    /** What the credentials of the request allow; left out where nobody is asked. */
    caller?: Caller;
    /** Who sends it, on routes for operators. */
    operator?: string;
  };
}

/** Names the request and puts the names on its response, where no inner app has done so. */
export function identity(makeId: () => string): MiddlewareHandler<IdentityEnv> {
  return async function identify(c, next) {
    const names = requestIdentity((name) => c.req.raw.headers.get(name), makeId);
    c.set('identity', names);
    await next();
    const { headers } = c.res;
    for (const [name, value] of Object.entries(identityHeaders(names))) {
      if (!headers.has(name)) headers.set(name, value);
    }
  };
}
