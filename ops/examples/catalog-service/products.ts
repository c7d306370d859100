/** A row as Freshet pulls it: the fields of `POST /v1/items:upsert`, and `deleted`. */
export interface Product {
  readonly item_id: string;
  /** ISO-8601; never the same for two changes, so that a cursor can stand between them. */
  readonly updated_at: string;
  readonly deleted?: true;
  readonly [field: string]: unknown;
}

export interface Page {
  readonly items: readonly Product[];
  /** Null on the last page. */
  readonly next_cursor: string | null;
}

export interface PageQuery {
  readonly updatedSince?: string | null;
  readonly cursor?: string | null;
  readonly limit?: number;
}

/** A cursor that was not made here, or no longer means anything: answered with 410, and the caller begins again. */
export class CursorGone extends Error {}

const mostItems = 500;

const isBefore = (a: Product, b: Pick<Product, 'updated_at' | 'item_id'>): boolean =>
  a.updated_at === b.updated_at ? a.item_id < b.item_id : a.updated_at < b.updated_at;

const cursorOf = ({ updated_at, item_id }: Product): string =>
  Buffer.from(JSON.stringify([updated_at, item_id])).toString('base64url');

function placeOf(cursor: string): Pick<Product, 'updated_at' | 'item_id'> {
  try {
    const [updated_at, item_id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, string];
    if (typeof updated_at === 'string' && typeof item_id === 'string') return { updated_at, item_id };
  } catch {
    // told below: whatever it is, it is no cursor of ours
  }
  throw new CursorGone('this cursor was not made here');
}

/**
 * Products in memory, listed by (updated_at, item_id): the order of a keyset, so that what changes between two pages moves
 * behind the cursor and is met again. A deleted one stays, as a row that says so.
 */
export function openProducts(now: () => number = Date.now) {
  const products = new Map<string, Product>();
  let last = 0;
  /** Later than every change before it, whatever the clock does. */
  const nextInstant = (): string => {
    last = Math.max(now(), last + 1);
    return new Date(last).toISOString();
  };
  const keep = (product: Omit<Product, 'updated_at'> & { readonly item_id: string }): Product => {
    const kept = { ...product, updated_at: nextInstant() };
    products.set(product.item_id, kept);
    return kept;
  };
  return {
    put: (id: string, fields: Readonly<Record<string, unknown>>): Product => keep({ ...fields, item_id: id }),
    /** False where there is none. */
    remove(id: string): boolean {
      const isThere = products.has(id) && products.get(id)?.deleted !== true;
      if (isThere) keep({ item_id: id, deleted: true });
      return isThere;
    },
    /** Changes from `updatedSince` on, that instant included. Throws CursorGone. */
    page({ updatedSince, cursor, limit = mostItems }: PageQuery): Page {
      const since = updatedSince ? new Date(updatedSince).toISOString() : '';
      const after = cursor ? placeOf(cursor) : undefined;
      const found = [...products.values()]
        .filter((one) => one.updated_at >= since && (after === undefined || isBefore({ ...one, ...after }, one)))
        .sort((a, b) => (isBefore(a, b) ? -1 : 1));
      const items = found.slice(0, Math.min(limit, mostItems));
      const lastItem = items.at(-1);
      return { items, next_cursor: lastItem && found.length > items.length ? cursorOf(lastItem) : null };
    },
  };
}

export type Products = ReturnType<typeof openProducts>;
