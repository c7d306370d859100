import type { Context, MiddlewareHandler } from 'hono';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { Problem } from '../../pipeline/kernel/problem.ts';
import { bucketsOfUsers, TokenBuckets } from '../../pipeline/kernel/token-buckets.ts';
import { refuse } from '../routes/refuse.ts';
import { type Access, accessOf } from './access-rules.ts';
import type { IdentityEnv } from './identity.ts';
import type { KeyCheck } from './key-check.ts';
import { type CredentialsRefused, type Principal, tokenInvalid } from './principal.ts';

/** Proves a user's token; only a key of the issuer that is not known yet makes it wait. */
export type TokenCheck = (token: string) => Principal | CredentialsRefused | Promise<Principal | CredentialsRefused>;

export interface AuthenticateDeps {
  readonly checkKey: KeyCheck;
  /** Undefined where no issuer of tokens is configured. */
  readonly checkToken: TokenCheck | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Pick<Metrics, 'httpAccessRefused' | 'httpKeyLimited' | 'httpRequests'>;
}

type ForClients = Extract<Access, { kind: 'clients' }>;

/** The credential of `Authorization: Bearer` or `X-API-Key`; undefined where there is none. */
export function credentialOf(headers: Pick<Headers, 'get'>): string | undefined {
  const authorization = headers.get('authorization');
  if (authorization !== null && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return headers.get('x-api-key')?.trim() ?? undefined;
}

const unauthenticated: Problem = {
  status: 401,
  code: 'unauthenticated',
  detail: 'Say who you are: Authorization: Bearer with an API key or a token, or X-API-Key.',
};

function challengeOf(code: string): string {
  if (code === 'unauthenticated') return 'Bearer realm="freshet"';
  return 'Bearer realm="freshet", error="invalid_token"';
}

const scopeMissing = (scope: string, isUser: boolean): Problem => ({
  status: 403,
  code: 'scope_missing',
  detail: isUser
    ? 'Tokens of users are not for this path; it takes an API key.'
    : `This key has not the scope ${scope}, which this path needs.`,
});

const rateLimited = (who: string, perSecond: number, retryAfterSeconds: number): Problem => ({
  status: 429,
  code: 'rate_limited',
  detail: `${who} sends more requests a second than it may. Repeat the request after Retry-After.`,
  limit: perSecond,
  retryAfterSeconds,
});

/**
 * Lets through who may: by key or token, scope and rate. Open routes pass, as do operators', which ask for tokens of
 * their own. What no route takes is refused by the same rules, so that none can be missed. Namespaces and users are left to the routes, which know them: they find `caller` in the context.
 */
export function authenticate(deps: AuthenticateDeps): MiddlewareHandler<IdentityEnv> {
  const { checkKey, checkToken, metrics } = deps;
  const ofKeys = new TokenBuckets(deps.clock);
  const ofUsers = new TokenBuckets(deps.clock, bucketsOfUsers);

  function refused(c: Context<IdentityEnv>, problem: Problem): Response {
    metrics.httpAccessRefused.inc({ code: problem.code });
    metrics.httpRequests.inc({ route: 'refused', status: String(problem.status) });
    const response = refuse(c, problem);
    if (problem.status === 401) response.headers.set('www-authenticate', challengeOf(problem.code));
    return response;
  }

  function check(credential: string): ReturnType<TokenCheck> {
    if (checkToken !== undefined && !credential.startsWith('fk_')) return checkToken(credential);
    return credential.startsWith('fk_') ? checkKey(credential) : tokenInvalid;
  }

  /** Why this principal may not; undefined where it may. */
  function objection({ scopes, rate }: Principal, access: ForClients): Problem | undefined {
    const isAllowed = scopes === null ? access.takesUsers : scopes.has(access.scope);
    if (!isAllowed) return scopeMissing(access.scope, scopes === null);
    if (rate === null) return undefined;
    const { id, keyName, perSecond } = rate;
    const buckets = keyName === null ? ofUsers : ofKeys;
    const wait = buckets.wait(id, perSecond);
    buckets.take(id, perSecond, wait === undefined ? 1 : 0);
    if (wait === undefined) return undefined;
    if (keyName !== null) metrics.httpKeyLimited.inc({ key: keyName });
    return rateLimited(keyName === null ? 'This user' : 'This key', perSecond, wait);
  }

  return async function authenticateRequest(c, next) {
    const access = accessOf(c.req.method, c.req.path);
    if (access.kind !== 'clients') return next();
    const credential = credentialOf(c.req.raw.headers);
    if (credential === undefined) return refused(c, unauthenticated);
    const checked = check(credential);
    const found = checked instanceof Promise ? await checked : checked;
    if ('problem' in found) return refused(c, found.problem);
    const problem = objection(found, access);
    if (problem !== undefined) return refused(c, problem);
    c.set('caller', found.caller);
    return next();
  };
}
