import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFiles } from './architecture.ts';

const limitLines = 400;
/** The median of all files stays below this; a tree drifts into giants one file at a time. */
const medianLines = 150;

export interface Sizes {
  readonly files: number;
  readonly median: number;
  readonly largest: { readonly path: string; readonly lines: number };
  readonly problems: readonly string[];
}

/** Lines of each source file but generated ones, largest first. */
function linesByFile(root: string): { path: string; lines: number }[] {
  return sourceFiles(root)
    .filter((path) => !/^(schemas|serving\/client)\/generated\//.test(path))
    .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines);
}

export function checkSizes(root: string): Sizes {
  const files = linesByFile(root);
  const median = files[Math.floor(files.length / 2)]?.lines ?? 0;
  const largest = files[0] ?? { path: 'none', lines: 0 };
  const problems = files
    .filter(({ lines }) => lines > limitLines)
    .map(({ path, lines }) => `${path} has ${lines} lines, more than ${limitLines}`);
  if (files.length === 0) problems.push('no source file was found: the check proves nothing');
  if (median >= medianLines) problems.push(`the median file has ${median} lines, not under ${medianLines}`);
  return { files: files.length, median, largest, problems };
}
