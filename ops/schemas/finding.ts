import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Lint } from './lints.ts';

/** One thing wrong: where, which rule, what comes of it, and what to do. */
export interface Finding extends Lint {
  /** Relative to the checkout. */
  readonly file: string;
}

/** One line for people. */
export const findingLine = ({ file, path, rule, consequence, remedy }: Finding): string =>
  `${file}: ${path}: ${rule}: ${consequence}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`;

/** Throws FreshetError `schemas_refused` with a line for each, where there are any. */
export function refuse(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new FreshetError('schemas_refused', findings.map(findingLine).join('\n'));
}

/** As `refuse`, but for what only waits to be recorded. */
export const refuseUnrecordable = (findings: readonly Finding[]): void =>
  refuse(findings.filter(({ rule }) => rule !== 'recorded'));
