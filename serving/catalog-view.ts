import { Interner } from '../pipeline/domain/interner.ts';
import type { ItemAttributes } from '../pipeline/domain/item-attributes.ts';

const noTags: readonly number[] = [];

/** Items of one namespace by number: what filters and answers need, in arrays that grow by doubling. */
export class NamespaceItems {
  #ids: (string | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  #available = new Uint8Array(0);
  #archivedAt = new Float64Array(0);
  #prices = new Float64Array(0);
  readonly #currencies: (string | undefined)[] = [];
  readonly #tags: (readonly number[] | undefined)[] = [];
  readonly #tagNumbers = new Interner();

  get count(): number {
    return this.#numbers.size;
  }

  idOf(number: number): string | undefined {
    return this.#ids[number];
  }

  numberOf(itemId: string): number | undefined {
    return this.#numbers.get(itemId);
  }

  isAvailable(number: number): boolean {
    return this.#available[number] === 1;
  }

  /** Instant from which it is archived; Infinity where it is not. */
  archivedAt(number: number): number {
    return this.#archivedAt[number] ?? Number.POSITIVE_INFINITY;
  }

  /** NaN where it has none. */
  priceOf(number: number): number {
    return this.#prices[number] ?? Number.NaN;
  }

  currencyOf(number: number): string | undefined {
    return this.#currencies[number];
  }

  /** Numbers of its tags, in no order. */
  tagsOf(number: number): readonly number[] {
    return this.#tags[number] ?? noTags;
  }

  /** Undefined for a tag that no item has ever had. */
  tagNumber(tag: string): number | undefined {
    return this.#tagNumbers.find(tag);
  }

  tagText(tag: number): string {
    return this.#tagNumbers.text(tag);
  }

  set(number: number, item: ItemAttributes): void {
    this.#reserve(number + 1);
    const former = this.#ids[number];
    if (former !== undefined && former !== item.itemId) this.#numbers.delete(former);
    this.#ids[number] = item.itemId;
    this.#numbers.set(item.itemId, number);
    this.#available[number] = item.available ? 1 : 0;
    this.#archivedAt[number] = item.archivedAt ?? Number.POSITIVE_INFINITY;
    this.#prices[number] = item.price === null ? Number.NaN : Number(item.price);
    this.#currencies[number] = item.currency ?? undefined;
    this.#tags[number] = item.tags.map((tag) => this.#tagNumbers.intern(tag));
  }

  #reserve(length: number): void {
    if (length <= this.#available.length) return;
    const capacity = Math.max(1_024, length, 2 * this.#available.length);
    const available = new Uint8Array(capacity);
    available.set(this.#available);
    const archivedAt = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY);
    archivedAt.set(this.#archivedAt);
    const prices = new Float64Array(capacity).fill(Number.NaN);
    prices.set(this.#prices);
    this.#available = available;
    this.#archivedAt = archivedAt;
    this.#prices = prices;
  }
}

/** Item attributes of every namespace in process memory. Items are never taken out: a deleted one is unavailable. */
export interface CatalogView {
  /** The namespace's items; empty ones where the namespace is unknown. */
  items(namespace: string): NamespaceItems;
  set(namespace: string, number: number, item: ItemAttributes): void;
  /** Items of all namespaces. */
  count(): number;
}

const noItems = new NamespaceItems();

export function createCatalogView(): CatalogView {
  const namespaces = new Map<string, NamespaceItems>();
  return {
    items: (namespace) => namespaces.get(namespace) ?? noItems,
    set(namespace, number, item) {
      let items = namespaces.get(namespace);
      if (items === undefined) {
        items = new NamespaceItems();
        namespaces.set(namespace, items);
      }
      items.set(number, item);
    },
    count: () => [...namespaces.values()].reduce((sum, items) => sum + items.count, 0),
  };
}
