import type { Environment } from './environment.ts';
import { given } from './events.ts';
import type { ContextRequest, List, SimilarItems } from './generated/api.ts';
import type { Settings } from './options.ts';
import { withRetries } from './retry.ts';
import type { Outgoing, Send } from './send.ts';
import type { ShownItems } from './shown.ts';

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly namespace?: string;
}

export interface ListOptions extends AskOptions {
  readonly surface?: string;
  readonly limit?: number;
  readonly explain?: boolean;
  /** `next_cursor` of the answer before. */
  readonly cursor?: string;
}

export interface ListsDeps {
  readonly send: Send;
  readonly settings: Settings;
  readonly environment: Environment;
  readonly shown: ShownItems;
  readonly namespace: string | undefined;
}

/** The requests for lists. Each rejects with FreshetRequestError. */
export interface Lists {
  /** A user's list. */
  recommendations(userId: string, options?: ListOptions): Promise<List>;
  /**
   * The same list page by page, until nothing is left: no item comes twice, none is left out. Rejects with code
   * `cursor_expired` where too much time went by between two pages.
   */
  pages(userId: string, options?: ListOptions): AsyncGenerator<List, void, undefined>;
  /** A list for a context, under constraints. */
  recommend(request: ContextRequest, options?: Pick<AskOptions, 'signal'>): Promise<List>;
  similar(itemId: string, options?: AskOptions & { readonly limit?: number }): Promise<SimilarItems>;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

function withQuery(path: string, query: Query): string {
  const text = String(new URLSearchParams(given(query) as Record<string, string>));
  return text === '' ? path : `${path}?${text}`;
}

/** Requests for lists: asked again while that may help, remembered so that clicks can name them. */
export function createLists({ send, settings, environment, shown, namespace: own }: ListsDeps): Lists {
  const ask = <T>(outgoing: Outgoing): Promise<T> =>
    withRetries(() => send<T>(outgoing), { settings, environment, signal: outgoing.signal });

  async function recommendations(userId: string, options: ListOptions = {}): Promise<List> {
    const { signal, namespace = own, ...query } = options;
    const path = withQuery(`/v1/recommendations/${encodeURIComponent(userId)}`, { namespace, ...query });
    const list = await ask<List>({ method: 'GET', path, signal });
    shown.remember({ userId, namespace }, list);
    return list;
  }

  return {
    recommendations,

    async *pages(userId: string, options: ListOptions = {}): AsyncGenerator<List, void, undefined> {
      let next: string | null = options.cursor ?? null;
      do {
        const list: List = await recommendations(userId, next === null ? options : { ...options, cursor: next });
        yield list;
        next = list.next_cursor;
      } while (next !== null);
    },

    async recommend(request: ContextRequest, { signal }: Pick<AskOptions, 'signal'> = {}): Promise<List> {
      const body = JSON.stringify(own === undefined ? request : { namespace: own, ...request });
      const list = await ask<List>({ method: 'POST', path: '/v1/recommendations', body, signal });
      shown.remember({ userId: request.user_id, namespace: request.namespace ?? own }, list);
      return list;
    },

    similar(itemId: string, options: AskOptions & { readonly limit?: number } = {}): Promise<SimilarItems> {
      const { signal, namespace = own, ...query } = options;
      const path = withQuery(`/v1/items/${encodeURIComponent(itemId)}/similar`, { namespace, ...query });
      return ask<SimilarItems>({ method: 'GET', path, signal });
    },
  };
}
