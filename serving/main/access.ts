import type { Component } from '../../pipeline/kernel/component.ts';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { isAuthRequired, isLoopback } from '../../pipeline/kernel/http-access.ts';
import { createApiKeys } from '../../pipeline/stores/postgres/api-keys.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import type { ComposeOptions } from '../compose-app.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { createIssuerKeys } from '../middleware/issuer-keys.ts';
import { createKeyCheck } from '../middleware/key-check.ts';
import { createTokenCheck } from '../middleware/token-check.ts';
import type { ServerContext } from './context.ts';

/** Longer than any healthy look at the keys; one that hangs must not hide a revocation for long. */
const lookWithinMs = 3_000;

export interface AccessRole {
  readonly access: NonNullable<ComposeOptions['access']>;
  /** What keeps the keys current; not ready until they were read once. */
  readonly components: readonly Component[];
}

/** Who may come in by the http port; undefined where the configuration leaves it open. */
export function accessRole(context: ServerContext): AccessRole | undefined {
  const { config, log, clock } = context;
  if (!isAuthRequired(config)) {
    if (!isLoopback(config.FRESHET_HTTP_HOST)) {
      const remedy = 'put something in front that authenticates, or set FRESHET_HTTP_AUTH=required';
      log.warn({ host: config.FRESHET_HTTP_HOST, remedy }, 'anybody who reaches this address may read and write all');
    }
    return undefined;
  }
  log.info({ host: config.FRESHET_HTTP_HOST }, 'clients need an API key: npx freshet keys create');
  const database = openDatabase({
    url: config.FRESHET_POSTGRES_URL,
    maxConnections: 1,
    queryTimeoutMs: lookWithinMs,
    onIdleError: (error) => log.warn({ error: messageOf(error) }, 'idle Postgres connection broke, replacing it'),
  });
  const { keys, component } = createApiKeys({ db: database, clock, log });
  const pool: Component = { name: 'api-key-connection', start: async () => ({ stop: () => database.close() }) };
  const checkKey = createKeyCheck({ keys, clock });
  const tokens = userTokens(context);
  return {
    access: authenticate({ ...context, checkKey, checkToken: tokens?.checkToken }),
    components: [pool, component, ...(tokens ? [tokens.component] : [])],
  };
}

/** Tokens of users; undefined where the configuration names no issuer. */
function userTokens({ config, clock, log }: ServerContext) {
  const { FRESHET_JWT_JWKS_URL: url, FRESHET_JWT_ISSUER: issuer, FRESHET_JWT_AUDIENCE: audience } = config;
  if (url === undefined || issuer === undefined || audience === undefined) return undefined;
  const { keys, component } = createIssuerKeys({ url, clock, log });
  const checkToken = createTokenCheck({
    keys,
    clock,
    issuer,
    audience,
    userClaim: config.FRESHET_JWT_USER_CLAIM,
    namespaces: config.FRESHET_JWT_NAMESPACES.split(','),
    maxPerSecond: config.FRESHET_JWT_MAX_PER_SECOND,
  });
  return { checkToken, component };
}
