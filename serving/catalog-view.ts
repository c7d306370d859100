import { Interner } from '../pipeline/domain/interner.ts';
import type { ItemAttributes } from '../pipeline/domain/item-attributes.ts';
import { tagHash } from '../pipeline/domain/packed-profile.ts';

const noTags: readonly number[] = [];
const newestLimit = 5_000;
const newestEveryMs = 1_000;

/** Items of one namespace by number: what filters and answers need, in arrays that grow by doubling. */
export class NamespaceItems {
  #ids: (string | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  #available = new Uint8Array(0);
  #archivedAt = new Float64Array(0);
  #prices = new Float64Array(0);
  #publishedAt = new Float64Array(0);
  #families = new Uint32Array(0);
  #tagBits = new Int32Array(0);
  #changes = 0;
  #namings = 0;
  #dated = 0;
  #newest:
    | { readonly numbers: readonly number[]; readonly dated: number; readonly changes: number; readonly at: number }
    | undefined;
  readonly #familyNumbers = new Interner();
  readonly #currencies: (string | undefined)[] = [];
  readonly #tags: (readonly number[] | undefined)[] = [];
  readonly #tagNumbers = new Interner();
  readonly #tagsByHash = new Map<number, number>();

  get count(): number {
    return this.#numbers.size;
  }

  /** Grows with each name of an item, and each tag, that was not known before. */
  get names(): number {
    return this.#namings + this.#tagNumbers.size;
  }

  /** Grows with each change of an item. */
  get changes(): number {
    return this.#changes;
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

  /** -Infinity where not said. */
  publishedAt(number: number): number {
    return this.#publishedAt[number] ?? Number.NEGATIVE_INFINITY;
  }

  /** The same for an item and all its variants, else different; from 1. */
  familyOf(number: number): number {
    return this.#families[number] ?? 0;
  }

  currencyOf(number: number): string | undefined {
    return this.#currencies[number];
  }

  /** Numbers of its tags, in no order. */
  tagsOf(number: number): readonly number[] {
    return this.#tags[number] ?? noTags;
  }

  /** One of 32 bits for each tag: items that have none in common have no tag in common. */
  tagBits(number: number): number {
    return this.#tagBits[number] ?? 0;
  }

  /** Undefined for a tag that no item has ever had. */
  tagNumber(tag: string): number | undefined {
    return this.#tagNumbers.find(tag);
  }

  /** See `tagHash`. */
  tagOfHash(hash: number): number | undefined {
    return this.#tagsByHash.get(hash);
  }

  /**
   * Items by `publishedAt` from `since` to `now`, newest first, at most the 5,000 newest of all. What has changed is
   * looked at once a second where a date is another: a pass over the catalogue and a sort of its dated items.
   */
  newest(now: number, since: number): readonly number[] {
    const known = this.#newest;
    const isCurrent = known !== undefined && (known.dated === this.#dated || now - known.at < newestEveryMs);
    const { numbers } = isCurrent ? known : this.#sortNewest(now);
    const from = numbers.findIndex((number) => this.publishedAt(number) <= now);
    const end = numbers.findIndex((number) => this.publishedAt(number) < since);
    return from < 0 ? noTags : numbers.slice(from, end < 0 ? undefined : end);
  }

  /** `changes` as it was when `newest` looked last. */
  get newestChanges(): number {
    return this.#newest?.changes ?? this.#changes;
  }

  #sortNewest(at: number): { readonly numbers: readonly number[] } {
    const dated = [...this.#numbers.values()].filter((number) => this.publishedAt(number) > Number.NEGATIVE_INFINITY);
    const numbers = dated.sort((a, b) => this.publishedAt(b) - this.publishedAt(a) || b - a).slice(0, newestLimit);
    this.#newest = { numbers, dated: this.#dated, changes: this.#changes, at };
    return this.#newest;
  }

  tagText(tag: number): string {
    return this.#tagNumbers.text(tag);
  }

  set(number: number, item: ItemAttributes): void {
    this.#reserve(number + 1);
    const former = this.#ids[number];
    if (former !== item.itemId) this.#namings += 1;
    if (former !== undefined && former !== item.itemId) this.#numbers.delete(former);
    this.#ids[number] = item.itemId;
    this.#numbers.set(item.itemId, number);
    this.#available[number] = item.available ? 1 : 0;
    this.#archivedAt[number] = item.archivedAt ?? Number.POSITIVE_INFINITY;
    this.#prices[number] = item.price === null ? Number.NaN : Number(item.price);
    this.#currencies[number] = item.currency ?? undefined;
    const publishedAt = item.publishedAt ?? Number.NEGATIVE_INFINITY;
    if (this.#publishedAt[number] !== publishedAt) this.#dated += 1;
    this.#publishedAt[number] = publishedAt;
    this.#families[number] = 1 + this.#familyNumbers.intern(item.parentId ?? item.itemId);
    this.#changes += 1;
    const tags = item.tags.map((tag) => this.#internTag(tag));
    this.#tags[number] = tags;
    this.#tagBits[number] = tags.reduce((bits, tag) => bits | (1 << (tag & 31)), 0);
  }

  #internTag(tag: string): number {
    const known = this.#tagNumbers.find(tag);
    if (known !== undefined) return known;
    const number = this.#tagNumbers.intern(tag);
    this.#tagsByHash.set(tagHash(tag), number);
    return number;
  }

  #reserve(length: number): void {
    if (length <= this.#available.length) return;
    const capacity = Math.max(1_024, length, 2 * this.#available.length);
    this.#available = grown(this.#available, new Uint8Array(capacity));
    this.#tagBits = grown(this.#tagBits, new Int32Array(capacity));
    this.#families = grown(this.#families, new Uint32Array(capacity));
    this.#archivedAt = grown(this.#archivedAt, new Float64Array(capacity).fill(Number.POSITIVE_INFINITY));
    this.#prices = grown(this.#prices, new Float64Array(capacity).fill(Number.NaN));
    this.#publishedAt = grown(this.#publishedAt, new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY));
  }
}

function grown<A extends Uint8Array | Int32Array | Uint32Array | Float64Array>(from: A, into: A): A {
  into.set(from);
  return into;
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
