import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** One result of a batch, as ingest answers it. */
export interface EventResult {
  readonly event_id: string;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly received_at?: number | string;
  readonly error?: { readonly code: string };
}

/** A list, as far as the demo reads it. */
export interface ListAnswer {
  readonly items: readonly {
    readonly item_id: string;
    readonly score: number;
    readonly sources: readonly string[];
    readonly reasons: readonly unknown[];
  }[];
  readonly reflects: { readonly event_id: string; readonly received_at: number | string } | null;
  readonly fallback_level: string;
}

/** The product's HTTP door as a client uses it: 429 and 503 are waited out as `Retry-After` says. */
export interface Door {
  /** Repeats until answered: a lost connection is an unknown outcome, and event ids make repeating safe. */
  post<T>(path: string, body: unknown): Promise<T>;
  get<T>(path: string): Promise<T>;
}

/** `urlOf` is asked before each attempt, for a client that knows several. */
export function openDoor(urlOf: string | (() => string), signal: AbortSignal): Door {
  async function call<T>(path: string, init: RequestInit): Promise<T> {
    for (;;) {
      let waitMs = 250;
      try {
        const url = typeof urlOf === 'string' ? urlOf : urlOf();
        const response = await fetch(url + path, { ...init, signal });
        if (response.ok) return (await response.json()) as T;
        const text = await response.text();
        if (response.status !== 429 && response.status !== 503) {
          throw new FreshetError('unexpected_answer', `${init.method} ${path} answered ${response.status}: ${text}`);
        }
        waitMs = 1_000 * Number(response.headers.get('retry-after') ?? 1);
      } catch (error) {
        if (error instanceof FreshetError || signal.aborted) throw error;
      }
      await delay(waitMs, undefined, { signal });
    }
  }
  return {
    post: (path, body) =>
      call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    get: (path) => call(path, { method: 'GET' }),
  };
}
