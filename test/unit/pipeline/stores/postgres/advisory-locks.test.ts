import { expect, it } from 'vitest';
import { advisoryLocks } from '../../../../../pipeline/stores/postgres/advisory-locks.ts';

it('no two purposes share an advisory lock', () => {
  const numbers = Object.values(advisoryLocks);
  expect(new Set(numbers).size).toBe(numbers.length);
});
