import { describe, expect, test } from 'vitest';
import { checkSchemas } from '../../../../ops/schemas/check.ts';
import { findingLine } from '../../../../ops/schemas/finding.ts';
import type { CatalogueTopic } from '../../../../schemas/topic.ts';
import { sourceTopics } from '../../../../schemas/topics.ts';
import { fileMistakes } from './mistakes-of-files.ts';
import { schemaMistakes } from './mistakes-of-schemas.ts';
import { root } from './planting.ts';

const mistakes = [...schemaMistakes, ...fileMistakes];

describe('a mistake is caught with its file, its place and a remedy', () => {
  test.each(mistakes)('%s', (...[, plant, [file, path], says]) => {
    const lines = checkSchemas(root, (plant() as readonly CatalogueTopic[] | undefined) ?? sourceTopics).map(
      findingLine,
    );
    const about = lines.filter((line) => line.startsWith(`${file}: ${path}: `));
    expect(
      about.filter((line) => says.test(line)),
      lines.join('\n'),
    ).not.toEqual([]);
  });

  test('and there are more than forty of them, each another', () => {
    expect(new Set(mistakes.map(([does]) => does)).size).toBe(mistakes.length);
    expect(mistakes.length).toBeGreaterThan(40);
  });

  test('an unchanged checkout has none', () => {
    expect(checkSchemas(root)).toEqual([]);
  });
});
