import { messageOf, TransientError } from '../../kernel/errors.ts';

export interface RegistryHttpOptions {
  /** Base of the Confluent-compatible API; a user and password in it become basic authentication. */
  readonly url: string;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
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

export function createRegistryHttp(options: RegistryHttpOptions): RegistryHttp {
  const { timeoutMs = 10_000, fetch: send = fetch } = options;
  const address = registryAddress(options.url);
  const { base } = address;
  const headers = headersOf(address);
  return async (method, path, body) => {
    const init: RequestInit = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
    if (body !== undefined) init.body = JSON.stringify(body);
    let status: number;
    let text: string;
    try {
      const response = await send(`${base}${path}`, init);
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new TransientError('registry_unavailable', `schema registry: ${causeOf(error)}`, { cause: error });
    }
    return answerOf(status, text);
  };
}

function answerOf(status: number, text: string): RegistryAnswer {
  const body = parseJson(text);
  const code = (body as { error_code?: unknown } | null | undefined)?.error_code;
  const errorCode = typeof code === 'number' ? code : undefined;
  const ok = status >= 200 && status < 300 && body !== undefined;
  if (ok || (status >= 400 && status < 500 && errorCode !== undefined && !waitable.has(status))) {
    return { status, body, errorCode };
  }
  const message = `schema registry answered ${status}${errorCode === undefined ? ' without an error code; is its URL right?' : ''}`;
  throw new TransientError('registry_unavailable', message, { fields: { status } });
}

/** Refusals that an operator or time can lift: credentials, time-out, rate limit. */
const waitable = new Set([401, 403, 408, 429]);

export interface RegistryAddress {
  readonly base: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** Takes user and password out of a registry's URL. */
export function registryAddress(url: string): RegistryAddress {
  const parsed = new URL(url);
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  parsed.username = '';
  parsed.password = '';
  return { base: parsed.href.replace(/\/+$/, ''), credentials: username === '' ? undefined : { username, password } };
}

function headersOf({ credentials }: RegistryAddress): Record<string, string> {
  const headers: Record<string, string> = { accept: mediaType, 'content-type': mediaType };
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

/** fetch hides the reason ("ECONNREFUSED …") in the cause. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}
