import type { Lint } from './lints.ts';

/** One thing wrong: where, which rule, what comes of it, and what to do. */
export interface Finding extends Lint {
  /** Relative to the checkout. */
  readonly file: string;
}

/** One line for people. */
export const findingLine = ({ file, path, rule, consequence, remedy }: Finding): string =>
  `${file}: ${path}: ${rule}: ${consequence}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`;
