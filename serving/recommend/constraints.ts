import type { NamespaceItems } from '../catalog-view.ts';

/** What every item of a list has to hold to, as the client says it. */
export interface Constraints {
  /** Of each of these groups an item has at least one tag. */
  readonly anyOf: readonly (readonly string[])[];
  readonly allOf: readonly string[];
  readonly noneOf: readonly string[];
  readonly price: PriceRange | undefined;
  /** Most items of one `brand:*` and of one `category:*`. */
  readonly perBrand: number;
  readonly perCategory: number;
}

/** Both ends belong to it. An item without a price, or with one in another currency, is outside. */
export interface PriceRange {
  readonly min: number;
  readonly max: number;
  readonly currency: string;
}

export const noConstraints: Constraints = {
  anyOf: [],
  allOf: [],
  noneOf: [],
  price: undefined,
  perBrand: Number.POSITIVE_INFINITY,
  perCategory: Number.POSITIVE_INFINITY,
};

/** True where the item may be shown; looks at memory only. */
export type Allows = (item: number) => boolean;

const always: Allows = () => true;

/** Tags by number, so that an item costs a few comparisons. A tag that no item has allows nothing where it is wanted. */
export function tagsAllow({ anyOf, allOf, noneOf }: Constraints, items: NamespaceItems): Allows {
  if (anyOf.length + allOf.length + noneOf.length === 0) return always;
  const numbers = (tags: readonly string[]) => tags.flatMap((tag) => items.tagNumber(tag) ?? []);
  const groups = anyOf.map((tags) => new Set(numbers(tags)));
  const wanted = numbers(allOf);
  const unwanted = new Set(numbers(noneOf));
  if (wanted.length < allOf.length) return () => false;
  return (item) => {
    const tags = items.tagsOf(item);
    if (tags.some((tag) => unwanted.has(tag))) return false;
    return wanted.every((tag) => tags.includes(tag)) && groups.every((group) => tags.some((tag) => group.has(tag)));
  };
}

export function priceAllows({ price }: Constraints, items: NamespaceItems): Allows {
  if (price === undefined) return always;
  const { min, max, currency } = price;
  return (item) => {
    const value = items.priceOf(item);
    return value >= min && value <= max && items.currencyOf(item) === currency;
  };
}

/** Counts what is in a slate by brand and category. */
export interface Caps {
  /** Name of the cap that has no room for the item, undefined where there is room. */
  full(item: number): 'brand_cap' | 'category_cap' | undefined;
  add(item: number): void;
}

const noCaps: Caps = { full: () => undefined, add: () => undefined };

export function createCaps(
  { perBrand, perCategory }: Pick<Constraints, 'perBrand' | 'perCategory'>,
  items: NamespaceItems,
): Caps {
  if (perBrand === Number.POSITIVE_INFINITY && perCategory === Number.POSITIVE_INFINITY) return noCaps;
  const counts = new Map<number, number>();
  const isFull = (item: number, kind: string, most: number) =>
    items.tagsOf(item).some((tag) => (counts.get(tag) ?? 0) >= most && items.tagText(tag).startsWith(kind));
  return {
    full(item) {
      if (isFull(item, 'brand:', perBrand)) return 'brand_cap';
      return isFull(item, 'category:', perCategory) ? 'category_cap' : undefined;
    },
    add(item) {
      for (const tag of items.tagsOf(item)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    },
  };
}
