import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { AdminToken } from '../../pipeline/kernel/admin-tokens.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import { refuse } from '../routes/refuse.ts';

/** Lets operators through, by name; `Authorization: Bearer TOKEN`. */
export function operatorsOnly(tokens: readonly AdminToken[]): MiddlewareHandler<IdentityEnv> {
  return async function authenticate(c, next) {
    const [, token] = /^Bearer +([^ ]+) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (token === undefined) {
      const detail = 'Say who you are: Authorization: Bearer and an operator token.';
      const response = refuse(c, { status: 401, code: 'unauthenticated', detail });
      response.headers.set('www-authenticate', 'Bearer');
      return response;
    }
    const operator = operatorOf(tokens, token);
    if (operator === undefined) {
      return refuse(c, { status: 403, code: 'not_an_operator', detail: 'This token is not that of an operator.' });
    }
    c.set('operator', operator);
    return next();
  };
}

/** Compares with every token there is, each in constant time. */
function operatorOf(tokens: readonly AdminToken[], token: string): string | undefined {
  const given = createHash('sha256').update(token).digest();
  return tokens.filter(({ sha256 }) => timingSafeEqual(sha256, given))[0]?.operator;
}
