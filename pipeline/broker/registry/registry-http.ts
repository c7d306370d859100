import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Credentials, RegistryConnection } from '../../kernel/server-connections.ts';
import { tlsRemedy } from '../../kernel/tls-remedy.ts';
import { createSend, type Send } from './registry-transport.ts';

export interface RegistryHttpOptions extends RegistryConnection {
  readonly timeoutMs?: number;
  /** In place of the network. */
  readonly send?: Send;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The registry's own code of an error, such as 40403. */
  readonly errorCode: number | undefined;
}

/**
 * One call of the registry's API. Resolves for successes and for refusals that name their error code;
 * everything else, such as an outage or another server's page, is TransientError.
 */
export type RegistryHttp = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<RegistryAnswer>;

const mediaType = 'application/vnd.schemaregistry.v1+json';

const variables = {
  address: 'FRESHET_REGISTRY_URL',
  ca: 'FRESHET_REGISTRY_TLS_CA_FILE',
  cert: 'FRESHET_REGISTRY_TLS_CERT_FILE and FRESHET_REGISTRY_TLS_KEY_FILE',
};

export function createRegistryHttp(options: RegistryHttpOptions): RegistryHttp {
  const { timeoutMs = 10_000, send = createSend(options.tls) } = options;
  const { base, inUrl } = addressOf(options.url);
  const credentials = options.credentials ?? inUrl;
  const headers = headersOf(credentials);
  return async (method, path, body) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await send(`${base}${path}`, { method, headers, body: text, signal }).catch(away);
    return answerOf(answer.status, answer.text, credentials !== undefined);
  };
}

function answerOf(status: number, text: string, isLogin: boolean): RegistryAnswer {
  const body = parseJson(text);
  const code = (body as { error_code?: unknown } | null | undefined)?.error_code;
  const errorCode = typeof code === 'number' && code !== noSuchPath ? code : undefined;
  const ok = status >= 200 && status < 300 && body !== undefined;
  if (ok || (status >= 400 && status < 500 && errorCode !== undefined && !waitable.has(status))) {
    return { status, body, errorCode };
  }
  const message = `schema registry answered ${status}${remedyOf(status, errorCode, isLogin)}`;
  throw new TransientError('registry_unavailable', message, { fields: { status } });
}

/** What Confluent's server answers to a path that it does not have; subjects and schemas that it lacks are 404xx. */
const noSuchPath = 404;

/** Refusals that an operator or time can lift: credentials, time-out, rate limit. */
const waitable = new Set([401, 403, 408, 429]);

const account = 'FRESHET_REGISTRY_USERNAME and FRESHET_REGISTRY_PASSWORD';

function remedyOf(status: number, errorCode: number | undefined, isLogin: boolean): string {
  if (status === 401 && !isLogin) return `: it wants a login; set ${account}`;
  if (status === 401) return `: it does not take ${account}, or those in FRESHET_REGISTRY_URL; set both to an account`;
  if (status === 403) return `: the account in ${account} may not do that; give it the right, or set another`;
  return errorCode === undefined ? ' without an error code; is FRESHET_REGISTRY_URL right?' : '';
}

function away(error: unknown): never {
  const remedy = tlsRemedy(error, variables);
  const message = `schema registry: ${messageOf(error)}${remedy === undefined ? '' : `; ${remedy}`}`;
  throw new TransientError('registry_unavailable', message, { cause: error });
}

/** Takes user and password out of a registry's URL. */
function addressOf(url: string): { readonly base: string; readonly inUrl: Credentials | undefined } {
  const parsed = new URL(url);
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  parsed.username = '';
  parsed.password = '';
  return { base: parsed.href.replace(/\/+$/, ''), inUrl: username === '' ? undefined : { username, password } };
}

function headersOf(credentials: Credentials | undefined): Record<string, string> {
  const headers: Record<string, string> = { accept: `${mediaType}, application/json`, 'content-type': mediaType };
  if (credentials === undefined) return headers;
  const pair = `${credentials.username}:${credentials.password}`;
  return { ...headers, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
