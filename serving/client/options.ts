import type { Environment } from './environment.ts';
import type { FreshetRequestError } from './errors.ts';
import type { FieldProblem, Impression, Interaction } from './generated/api.ts';

/** An event or a slate as it is sent, with the `event_id` that it has on every attempt. */
export type Tracked =
  | { readonly kind: 'event'; readonly event: Interaction & { readonly event_id: string } }
  | { readonly kind: 'impression'; readonly event: Impression & { readonly event_id: string } };

export interface Rejected {
  readonly tracked: Tracked;
  /** What is wrong with it; of the whole request where the server refused that. */
  readonly error: FieldProblem;
  readonly requestId: string | undefined;
}

export interface ClientOptions {
  /** Where the server answers, such as `https://recommend.example`; a path in front of its own is kept. */
  readonly baseUrl: string;
  /** Sent as `X-API-Key`. */
  readonly apiKey?: string;
  /** Sent as `Authorization: Bearer`; asked before each attempt, so keep it while it is good. Events outlast a 401. */
  readonly token?: () => string | Promise<string>;
  /** Of lists and events that name none; the key's, or `default`, where it is left out. */
  readonly namespace?: string;
  /** Put into events that have none. */
  readonly sessionId?: string;
  /** Longest wait for an answer, the token for it included, milliseconds an attempt; 5,000. */
  readonly timeoutMs?: number;
  /** Attempts of a request for a list, the first one included; 3. */
  readonly attempts?: number;
  /** Waits between attempts double from `baseMs` (200) up to `maxMs` (30,000), and each is a random part of that. */
  readonly backoff?: { readonly baseMs?: number; readonly maxMs?: number };
  /** Events are sent when there are `count` (50) or `bytes` (61,440) of them, or the oldest waited `afterMs` (2,000). */
  readonly batch?: { readonly count?: number; readonly bytes?: number; readonly afterMs?: number };
  /** Events kept while the server is away: `count` (1,000) and `bytes` (1 MiB). Beyond, the oldest is dropped. */
  readonly buffer?: { readonly count?: number; readonly bytes?: number };
  /** Told of each event that was given up unsent: the buffer was full, or the client was closed. */
  readonly onDrop?: (dropped: Tracked, reason: 'buffer_full' | 'too_large' | 'closed') => void;
  /** Told of each event that the server refused; it is not sent again. */
  readonly onRejected?: (rejected: Rejected) => void;
  /** Told of each attempt to send events that failed and will be repeated. */
  readonly onRetry?: (error: FreshetRequestError, waitMs: number) => void;
  /** By default that of the platform. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock, timers, randomness, ids and the page's end, for tests. */
  readonly environment?: Partial<Environment>;
}

/** The options with what they leave out. */
export interface Settings {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly backoff: { readonly baseMs: number; readonly maxMs: number };
  readonly batch: { readonly count: number; readonly bytes: number; readonly afterMs: number };
  readonly buffer: { readonly count: number; readonly bytes: number };
}

/** Browsers let requests outlive their page up to 64 KiB together; the envelope takes some. */
export const keepaliveBytes = 61_440;

export function settingsOf(options: ClientOptions): Settings {
  return {
    baseUrl: options.baseUrl.replace(/\/+$/, ''),
    timeoutMs: options.timeoutMs ?? 5_000,
    attempts: options.attempts ?? 3,
    backoff: { baseMs: 200, maxMs: 30_000, ...options.backoff },
    batch: { count: 50, bytes: keepaliveBytes, afterMs: 2_000, ...options.batch },
    buffer: { count: 1_000, bytes: 1_048_576, ...options.buffer },
  };
}
