import type { Rule } from '../../../pipeline/domain/rule.ts';
import type { NamespaceItems } from '../../catalog-view.ts';

export interface Pin {
  /** Counted from 1, over all pages of a list. */
  readonly position: number;
  readonly item: number;
  readonly rule: string;
}

/** What the rules of a namespace come to for one surface at one time; items by number. */
export interface ActiveRules {
  /** Id of the rule that blocks the item. */
  blockedBy(item: number): string | undefined;
  /** False where whitelists apply and none of them names the item. */
  isListed(item: number): boolean;
  /** Product of the boosts that apply, 1 where none does. */
  factorOf(item: number): number;
  /** Ids of the boosts that apply. */
  boostsOf(item: number): readonly string[];
  readonly hasBoosts: boolean;
  /** By position; one a position, an item once. */
  readonly pins: readonly Pin[];
  /** Ids of the rules that apply here and now. */
  readonly ids: readonly string[];
}

const none: readonly never[] = [];

export const noRules: ActiveRules = {
  blockedBy: () => undefined,
  isListed: () => true,
  factorOf: () => 1,
  boostsOf: () => none,
  hasBoosts: false,
  pins: none,
  ids: none,
};

export interface CompileMoment {
  readonly surface: string;
  readonly now: number;
  readonly items: NamespaceItems;
}

type Stated<A extends Rule['action']> = Extract<Rule, { readonly action: A }>;

export interface Compiled {
  readonly rules: ActiveRules;
  /** The next start or end of a rule. */
  readonly until: number;
  /** The catalogue knows every item and tag that they name. */
  readonly isWhole: boolean;
}

/** Rules that apply on the surface now. */
export function compileRules(all: readonly Rule[], { surface, now, items }: CompileMoment): Compiled {
  const here = all.filter((rule) => rule.enabled && (rule.surfaces === undefined || rule.surfaces.includes(surface)));
  const edges = here.flatMap((rule) => [rule.starts_at, rule.ends_at]).filter((at) => at !== undefined && at > now);
  const until = Math.min(Number.POSITIVE_INFINITY, ...edges.filter((at) => at !== undefined));
  const active = here.filter((rule) => (rule.starts_at ?? now) <= now && (rule.ends_at ?? now + 1) > now);
  if (active.length === 0) return { rules: noRules, until, isWhole: true };
  const of = <A extends Rule['action']>(action: A) =>
    active.filter((rule): rule is Stated<A> => rule.action === action);
  const [blocks, lists, boosts] = [of('block'), of('whitelist'), of('boost')];
  const blocked = createTargets(blocks, items);
  const listed = createTargets(lists, items);
  const boosted = createTargets(boosts, items);
  return {
    until,
    isWhole: active.every((rule) => isKnown(rule, items)),
    rules: {
      blockedBy: (item) => blocked.find(item)?.id,
      isListed: (item) => lists.length === 0 || listed.find(item) !== undefined,
      factorOf: (item) => boundedProduct(boosted.all(item)),
      boostsOf: (item) => boosted.all(item).map(({ id }) => id),
      hasBoosts: boosts.length > 0,
      pins: pinsOf(of('pin'), items),
      ids: active.map(({ id }) => id),
    },
  };
}

function isKnown(rule: Rule, items: NamespaceItems): boolean {
  if (rule.action === 'pin') return items.numberOf(rule.item) !== undefined;
  const knowsItems = rule.items?.every((itemId) => items.numberOf(itemId) !== undefined) ?? true;
  return knowsItems && (rule.tags?.every((tag) => items.tagNumber(tag) !== undefined) ?? true);
}

/** Products of many boosts would leave the range of the scores that lists and cursors hold. */
const boundedProduct = (rules: readonly Stated<'boost'>[]): number =>
  rules.length === 0
    ? 1
    : Math.min(
        1e6,
        Math.max(
          1e-6,
          rules.reduce((product, { factor }) => product * factor, 1),
        ),
      );

/** An item that a rule of greater priority has pinned, or a position that it has taken, is left to it. */
function pinsOf(rules: readonly Stated<'pin'>[], items: NamespaceItems): readonly Pin[] {
  const taken = new Set<number>();
  const pinned = new Set<number>();
  const pins: Pin[] = [];
  for (const { id, item: itemId, position } of rules.toSorted(byPriority)) {
    const item = items.numberOf(itemId);
    if (item === undefined || taken.has(position) || pinned.has(item)) continue;
    taken.add(position);
    pinned.add(item);
    pins.push({ position, item, rule: id });
  }
  return pins.sort((a, b) => a.position - b.position);
}

const byPriority = (a: Rule, b: Rule): number => b.priority - a.priority || (a.id < b.id ? -1 : 1);

interface Targets<R> {
  find(item: number): R | undefined;
  all(item: number): readonly R[];
}

type TargetRule = Rule & {
  readonly items?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
};

/** Rules by the item and tag numbers they name: an item costs a look-up, and one a tag of its own. */
function createTargets<R extends TargetRule>(rules: readonly R[], items: NamespaceItems): Targets<R> {
  const byItem = new Map<number, R[]>();
  const byTag = new Map<number, R[]>();
  const note = (map: Map<number, R[]>, key: number | undefined, rule: R) => {
    const known = key === undefined ? undefined : map.get(key);
    if (known !== undefined) known.push(rule);
    else if (key !== undefined) map.set(key, [rule]);
  };
  for (const rule of rules.toSorted(byPriority)) {
    for (const itemId of new Set(rule.items)) note(byItem, items.numberOf(itemId), rule);
    for (const tag of new Set(rule.tags)) note(byTag, items.tagNumber(tag), rule);
  }
  const all = (item: number): readonly R[] => {
    const own = byItem.get(item) ?? none;
    if (byTag.size === 0) return own;
    const found = new Set(own);
    for (const tag of items.tagsOf(item)) for (const rule of byTag.get(tag) ?? none) found.add(rule);
    return [...found];
  };
  const find = (item: number): R | undefined => {
    const own = byItem.get(item)?.[0];
    if (own !== undefined || byTag.size === 0) return own;
    for (const tag of items.tagsOf(item)) {
      const found = byTag.get(tag)?.[0];
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { all, find };
}
