import type { Environment } from './environment.ts';
import { aborted, answerOf, FreshetRequestError } from './errors.ts';
import type { ClientOptions, Settings } from './options.ts';
import type { ServerClock } from './server-clock.ts';

export interface Outgoing {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** May outlive the page. */
  readonly keepalive?: boolean;
}

export interface SendDeps {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly clock: ServerClock;
}

/** Sends one request once; resolves with the JSON of a 2xx, rejects with FreshetRequestError. */
export type Send = <T>(outgoing: Outgoing) => Promise<T>;

export function createSend(
  options: Pick<ClientOptions, 'apiKey' | 'token'>,
  { settings, environment, clock }: SendDeps,
): Send {
  /** The last one there was: a page that goes has no time to ask for another. */
  let lastToken: string | undefined;

  async function credentials(isHurried: boolean): Promise<Record<string, string>> {
    const key: Record<string, string> = options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey };
    if (options.token === undefined) return key;
    if (!isHurried || lastToken === undefined) lastToken = await options.token();
    return { ...key, authorization: `Bearer ${lastToken}` };
  }

  return async function send<T>({ method, path, body, signal, keepalive = false }: Outgoing): Promise<T> {
    const stop = new AbortController();
    const abort = () => stop.abort();
    const cancel = environment.setTimer(abort, settings.timeoutMs);
    signal?.addEventListener('abort', abort);
    try {
      if (signal?.aborted) throw aborted();
      const headers = { accept: 'application/json', ...(await unlessStopped(credentials(keepalive), stop.signal)) };
      const response = await environment.fetch(settings.baseUrl + path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        signal: stop.signal,
        body: body ?? null,
        keepalive,
      });
      if (method === 'POST') clock.note(response.headers.get('date')); // of a GET, a cache may have answered long ago
      return (await answerOf(response, environment.now())) as T;
    } catch (cause) {
      throw failureOf(cause, { isAborted: signal?.aborted === true, isLate: stop.signal.aborted });
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
    }
  };
}

/** Rejects when the signal says so, even where `work` never settles. */
function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    work.then(resolve, reject);
  });
}

function failureOf(
  cause: unknown,
  { isLate, isAborted }: { isLate: boolean; isAborted: boolean },
): FreshetRequestError {
  if (cause instanceof FreshetRequestError) return cause;
  if (isAborted) return aborted(cause);
  if (isLate) return new FreshetRequestError('timeout', 'the server did not answer in time', { cause });
  return new FreshetRequestError('network', 'the server could not be reached', { cause });
}
