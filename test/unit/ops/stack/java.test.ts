import { expect, it } from 'vitest';
import { javaMajor } from '../../../../ops/stack/embedded/java.ts';

it.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "21" 2023-09-19', 21],
  ['java version "1.8.0_392"', 8],
  ['bash: java: command not found', undefined],
])('reads the major version in %s', (output, major) => {
  expect(javaMajor(output)).toBe(major);
});
