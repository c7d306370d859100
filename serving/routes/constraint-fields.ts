import {
  type Fields,
  has,
  readNumber,
  readObject,
  readText,
  readTexts,
  refuseUnknown,
  report,
} from '../../pipeline/domain/intake/fields.ts';
import { normaliseTag, tagLimits } from '../../pipeline/domain/intake/tag.ts';
import { currencyRule } from '../../pipeline/domain/intake/text.ts';
import { type Constraints, noConstraints, type PriceRange } from '../recommend/constraints.ts';

/** `tags`: those that a request may name in one list; each costs a comparison an item. */
export const constraintLimits = { tags: 50, cap: 100, price: 1e15 } as const;
const { tags: tagLimit, cap: capLimit, price: highestPrice } = constraintLimits;

const known = new Set([
  'exclude_items',
  'include_tags_any',
  'include_tags_all',
  'exclude_tags_any',
  'categories',
  'price_between',
  'max_per_brand',
  'max_per_category',
]);
const knownOfPrice = new Set(['min', 'max', 'currency']);

/** `constraints` of a request but for `exclude_items`; tags are taken in any spelling that items may be sent with. */
export function readConstraints(fields: Fields): Constraints {
  refuseUnknown(fields, known);
  const tags = (name: string) => readTags(fields, name);
  const anyOf = [tags('include_tags_any'), tags('categories')?.map((tag) => withKind('category', tag))];
  return {
    anyOf: anyOf.filter((group) => group !== undefined),
    allOf: tags('include_tags_all') ?? noConstraints.allOf,
    noneOf: tags('exclude_tags_any') ?? noConstraints.noneOf,
    price: readPriceRange(fields),
    perBrand: readCap(fields, 'max_per_brand'),
    perCategory: readCap(fields, 'max_per_category'),
  };
}

/** Undefined where the list is absent; an empty one would allow nothing or forbid nothing, so it is refused. */
function readTags(fields: Fields, name: string): string[] | undefined {
  if (!has(fields, name)) return undefined;
  const found = readTexts(fields, name, tagLimit, { max: tagLimits.length });
  const tags = (found ?? []).map(normaliseTag).filter((tag) => tag !== '');
  if (found !== null && tags.length === 0) {
    report(fields, name, { code: 'too_short', message: 'must name a tag; leave it out for any', limit: 1 });
  }
  return tags;
}

const withKind = (kind: string, tag: string) => (tag.startsWith(`${kind}:`) ? tag : `${kind}:${tag}`);

const readCap = (fields: Fields, name: string): number =>
  readNumber(fields, name, { min: 1, max: capLimit, integer: true }) ?? Number.POSITIVE_INFINITY;

function readPriceRange(fields: Fields): PriceRange | undefined {
  const range = readObject(fields, 'price_between');
  if (!range) return undefined;
  refuseUnknown(range, knownOfPrice);
  if (!has(range, 'currency')) {
    report(range, 'currency', { code: 'required', message: 'is required: prices in others are not compared' });
  }
  const bounds = { min: 0, max: highestPrice };
  const min = readNumber(range, 'min', bounds) ?? 0;
  const max = readNumber(range, 'max', bounds) ?? highestPrice;
  if (min > max) report(range, 'min', { code: 'out_of_range', message: 'must not be above max', limit: max });
  return { min, max, currency: readText(range, 'currency', currencyRule) ?? '' };
}
