import type { FieldProblem, Problem } from './generated/api.ts';

export interface RequestErrorOptions {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly problem?: Problem | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A request that was not answered as asked. `code` is the server's where it answered; else `network`, `timeout`, `aborted`, or
 * `unexpected_answer` for an answer that is none of the server's.
 */
export class FreshetRequestError extends Error {
  override readonly name = 'FreshetRequestError';
  readonly code: string;
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** Names the request in the server's logs. */
  readonly requestId: string | undefined;
  /** The whole answer, where it was a problem of the server's. */
  readonly problem: Problem | undefined;
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: RequestErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status;
    this.requestId = options.requestId;
    this.problem = options.problem;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** True where the same request may be answered later: no answer of the server's, 429, 5xx. Another 4xx is for good. */
  get isTransient(): boolean {
    if (this.status === undefined) return this.code === 'network' || this.code === 'timeout';
    return this.status < 300 || this.status === 429 || this.status >= 500;
  }

  /** Every field at fault. */
  get errors(): readonly FieldProblem[] {
    return this.problem?.errors ?? [];
  }
}

export const aborted = (cause?: unknown) => new FreshetRequestError('aborted', 'the request was given up', { cause });

/** Lets go of a request's failure, which is told elsewhere, and of nothing else. */
export function letGo(error: unknown): void {
  if (!(error instanceof FreshetRequestError)) throw error;
}

/** `Retry-After` in milliseconds: seconds, or a date. */
function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function objectIn(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : undefined;
  } catch {
    return undefined; // of a proxy, say: the status tells enough
  }
}

/** The JSON object of a 2xx; all else is thrown. A 2xx without one came from something in between, such as a sign-in page. */
export async function answerOf(response: Response, now: number): Promise<object> {
  const { ok, status, headers } = response;
  const text = response.text();
  const body = objectIn(await (ok ? text : text.catch(() => '')));
  if (ok && body) return body;
  const problem = body && 'code' in body && typeof body.code === 'string' ? (body as Problem) : undefined;
  const message = problem?.detail ?? `the server answered ${status} without a JSON object of its own`;
  throw new FreshetRequestError(problem?.code ?? 'unexpected_answer', message, {
    status,
    problem,
    requestId: problem?.request_id ?? headers.get('x-request-id') ?? undefined,
    retryAfterMs: retryAfterMs(headers.get('retry-after'), now),
  });
}
