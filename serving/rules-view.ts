import type { StatedRule } from '../pipeline/domain/rule.ts';
import type { NamespaceItems } from './catalog-view.ts';
import { type ActiveRules, compileRules, noRules } from './recommend/rules/compile.ts';
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

interface Compiled {
  readonly rules: ActiveRules;
  readonly until: number;
  readonly known: number;
}

interface NamespaceRules {
  readonly rules: readonly StatedRule[];
  /** Surfaces that some rule names: requests may name any, and all others are as one. */
  readonly surfaces: ReadonlySet<string>;
  readonly compiled: Map<string, Compiled>;
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
      // Items and tags that the catalogue has learnt since may be those a rule names.
      if (known !== undefined && now < known.until && known.known === items.names) return known.rules;
      const { rules, until } = compileRules(own.rules, { surface: name, now, items });
      own.compiled.set(name, { rules, until, known: items.names });
      return rules;
    },
  };
}
