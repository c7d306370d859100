import { expect } from 'vitest';
import type { Answer } from '../../serving/recommend/answer.ts';
import { eventually } from './eventually.ts';

export interface Accepted {
  readonly event_id: string;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  readonly received_at: number;
}

type Fields = Readonly<Record<string, unknown>>;

export interface ListOptions {
  readonly surface?: string;
  readonly limit?: number;
}

/** A client of the HTTP doors in one namespace. */
export interface Shopper {
  call(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Posts and expects 202; answers the results. */
  post<T = Accepted>(path: string, body: unknown): Promise<readonly T[]>;
  /** Posts one interaction and expects it to be accepted. */
  tell(event: Fields): Promise<Accepted>;
  list(userId: string, options?: ListOptions): Promise<Answer>;
  /** Asks until the list reflects the event or a later one. */
  listReflecting(userId: string, event: Accepted, options?: ListOptions): Promise<Answer>;
  /** Item ids of `GET /v1/items/{id}/similar`. */
  similar(itemId: string): Promise<string[]>;
}

export const idsOf = ({ items }: Answer): string[] => items.map((item) => item.item_id);

/** What `reflects` promises: the greatest (received_at, event_id) that was applied. */
function isAtLeast(reflects: Answer['reflects'], event: Accepted): boolean {
  if (reflects === null) return false;
  if (reflects.received_at !== event.received_at) return reflects.received_at > event.received_at;
  return reflects.event_id >= event.event_id;
}

export function openShopper(url: string, namespace = 'shop'): Shopper {
  let told = 0;
  const call: Shopper['call'] = (path, body, headers = {}) =>
    fetch(url + path, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
  const read = async <T>(response: Response, status: number): Promise<T> => {
    const text = await response.text();
    expect(response.status, text).toBe(status);
    return JSON.parse(text) as T;
  };
  const shopper: Shopper = {
    call,
    post: async (path, body) => (await read<{ results: never[] }>(await call(path, body), 202)).results,
    async tell(event) {
      told += 1;
      const given = { event_id: `told-${told}`, namespace, type: 'click', ...event };
      const result = await read<Accepted>(await call('/v1/events', given), 202);
      expect(result.status).toBe('accepted');
      return result;
    },
    async list(userId, { surface, limit = 20 } = {}) {
      const query = new URLSearchParams({
        namespace,
        limit: String(limit),
        ...(surface === undefined ? {} : { surface }),
      });
      return read<Answer>(await call(`/v1/recommendations/${encodeURIComponent(userId)}?${query}`), 200);
    },
    listReflecting: (userId, event, options) =>
      eventually(async () => {
        const list = await shopper.list(userId, options);
        if (!isAtLeast(list.reflects, event)) {
          throw new Error(`the list reflects ${JSON.stringify(list.reflects)}, not yet ${JSON.stringify(event)}`);
        }
        return list;
      }),
    async similar(itemId) {
      return idsOf(await read<Answer>(await call(`/v1/items/${itemId}/similar?namespace=${namespace}`), 200));
    },
  };
  return shopper;
}
