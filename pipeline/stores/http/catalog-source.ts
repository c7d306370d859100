import { isCleanText } from '../../domain/intake/text.ts';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { CatalogSource, PageAnswer, PageRequest } from '../catalog-source.ts';

export interface HttpCatalogOptions {
  readonly url: string;
  /** Sent as `Authorization: Bearer …`; empty for none. */
  readonly token: string;
  readonly clock: Pick<Clock, 'now'>;
  /** For a whole page. */
  readonly timeoutMs?: number;
  /** Largest page that is read. */
  readonly maxBytes?: number;
}

const defaultTimeoutMs = 30_000;
const defaultMaxBytes = 16 * 1_048_576;
/** Of a cursor: it is kept, and goes into addresses. */
const mostCursorCharacters = 2_048;
const retryable = new Set([408, 425, 429]);

/** Asks a page with GET and reads `{ items, next_cursor }`. Redirects are refused: the token is for that address alone. */
export function createHttpCatalog(options: HttpCatalogOptions): CatalogSource {
  const { token, clock, timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = options;
  const headers = { accept: 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  return {
    async page(request) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const signal = AbortSignal.any([request.signal, timeout]);
        const response = await fetch(pageUrl(options.url, request), { headers, signal, redirect: 'manual' });
        if (response.status === 200) return await readPage(response, maxBytes);
        await response.body?.cancel();
        return answerOf(response, clock.now());
      } catch (error) {
        const why = timeout.aborted ? `no whole answer within ${timeoutMs} ms` : reasonOf(error);
        return { kind: 'away', why, retryAfterMs: undefined };
      }
    },
  };
}

function pageUrl(base: string, { updatedSince, cursor, limit }: PageRequest): URL {
  const url = new URL(base);
  if (updatedSince !== null) url.searchParams.set('updated_since', new Date(updatedSince).toISOString());
  if (cursor !== null) url.searchParams.set('cursor', cursor);
  url.searchParams.set('limit', String(limit));
  return url;
}

/** `fetch failed` says nothing; what it failed of is its cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return messageOf(cause ?? error);
}

function answerOf({ status, headers }: Response, now: number): PageAnswer {
  if (status === 410) return { kind: 'gone' };
  const why = `answered ${status}`;
  if (status >= 500 || retryable.has(status)) {
    return { kind: 'away', why, retryAfterMs: retryAfterOf(headers.get('retry-after'), now) };
  }
  if (status === 401 || status === 403) return { kind: 'refused', why: `${why}: look at FRESHET_CATALOG_PULL_TOKEN` };
  if (status >= 300 && status < 400) return { kind: 'refused', why: `${why}: redirects are not followed` };
  return { kind: 'refused', why: `${why}: look at FRESHET_CATALOG_PULL_URL` };
}

/** Seconds or a date, as HTTP has both; milliseconds from now. */
function retryAfterOf(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return 1_000 * Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

async function readPage(response: Response, maxBytes: number): Promise<PageAnswer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > maxBytes) return { kind: 'refused', why: `a page has more than ${maxBytes} bytes: send fewer items` };
    parts.push(part);
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)));
  } catch {
    return { kind: 'refused', why: 'a page is not JSON in UTF-8' };
  }
  return pageOf(body);
}

function pageOf(body: unknown): PageAnswer {
  const { items, next_cursor: nextCursor = null } = (body ?? {}) as { items?: unknown; next_cursor?: unknown };
  if (!Array.isArray(items)) return { kind: 'refused', why: 'a page has no list items' };
  if (nextCursor !== null && !isCursor(nextCursor)) {
    const why = `next_cursor is neither null nor a text of 1 to ${mostCursorCharacters} characters, none of them a control`;
    return { kind: 'refused', why };
  }
  return { kind: 'page', items, nextCursor };
}

const isCursor = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= mostCursorCharacters && isCleanText(value);
