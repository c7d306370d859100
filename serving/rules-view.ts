import type { StatedRule } from '../pipeline/domain/rule.ts';
import type { NamespaceItems } from './catalog-view.ts';
import { type ActiveRules, type Compiled, compileRules, noRules } from './recommend/rules/compile.ts';
import type { RulesTrial } from './recommend/rules/trial.ts';

/** Rules of every namespace in process memory. */
export interface RulesView {
  /** Rules in force for a surface now; the same object until something about them changes. */
  active(namespace: string, moment: RulesMoment): ActiveRules;
  /** What `active` would answer if the trial were in force. */
  trial(namespace: string, moment: RulesMoment, trial: RulesTrial): ActiveRules;
  /** In order of their ids. */
  stated(namespace: string): readonly StatedRule[];
  set(namespace: string, rules: readonly StatedRule[]): void;
}

export interface RulesMoment {
  readonly surface: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly items: NamespaceItems;
}

interface Kept extends Compiled {
  /** `names` of the catalogue when it was compiled, and when that was. */
  readonly names: number;
  readonly at: number;
}

/** How soon a rule is followed whose item or tag has come into the catalogue after it. */
const namesEveryMs = 1_000;

interface NamespaceRules {
  readonly rules: readonly StatedRule[];
  /** Surfaces that some rule names: requests may name any, and all others are as one. */
  readonly surfaces: ReadonlySet<string>;
  readonly compiled: Map<string, Kept>;
}

export function createRulesView(): RulesView {
  const namespaces = new Map<string, NamespaceRules>();
  return {
    set(namespace, rules) {
      if (rules.length === 0) namespaces.delete(namespace);
      else {
        const surfaces = new Set(rules.flatMap((rule) => rule.surfaces ?? []));
        namespaces.set(namespace, { rules, surfaces, compiled: new Map() });
      }
    },
    stated: (namespace) => namespaces.get(namespace)?.rules ?? [],
    trial(namespace, moment, { rules, without }) {
      const replaced = new Set([...without, ...rules.map(({ id }) => id)]);
      const kept = (namespaces.get(namespace)?.rules ?? []).filter(({ id }) => !replaced.has(id));
      return compileRules([...kept, ...rules], moment).rules;
    },
    active(namespace, { surface, now, items }) {
      const own = namespaces.get(namespace);
      if (own === undefined) return noRules;
      const name = own.surfaces.has(surface) ? surface : '';
      const known = own.compiled.get(name);
      if (known !== undefined && now < known.until && !isStale(known, { now, items })) return known.rules;
      const compiled = compileRules(own.rules, { surface: name, now, items });
      own.compiled.set(name, { ...compiled, names: items.names, at: now });
      return compiled.rules;
    },
  };
}

/** Items and tags that the catalogue has learnt since may be those a rule names. */
const isStale = (known: Kept, { now, items }: Pick<RulesMoment, 'now' | 'items'>): boolean =>
  known.names !== items.names && !known.isWhole && now - known.at >= namesEveryMs;
