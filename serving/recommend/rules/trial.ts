import type { StatedRule } from '../../../pipeline/domain/rule.ts';

/** A rehearsal of rules: what a list would be, with nothing changed for anybody. */
export interface RulesTrial {
  /** Added to those in force; of the same id, in place of it. */
  readonly rules: readonly StatedRule[];
  /** Ids of rules in force that are left out. */
  readonly without: ReadonlySet<string>;
}
