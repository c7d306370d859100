import { describe, expect, it } from 'vitest';
import { isTooDeep, jsonDepthLimit } from '../../../pipeline/kernel/json-depth.ts';

const arrays = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
const objects = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('depth of JSON', () => {
  it.each([
    ['arrays', arrays],
    ['objects', objects],
  ])('of %s is counted up to the limit', (_, nest) => {
    expect([isTooDeep(nest(jsonDepthLimit)), isTooDeep(nest(jsonDepthLimit + 1))]).toEqual([false, true]);
  });

  it('is that of the deepest member', () => {
    expect(isTooDeep([{ a: [1, null, 'x'] }, { b: objects(jsonDepthLimit - 2) }])).toBe(false);
    expect(isTooDeep([{ a: 1 }, { b: objects(jsonDepthLimit - 1) }])).toBe(true);
    expect(isTooDeep({ a: { b: 1 }, ['__proto__']: arrays(jsonDepthLimit) })).toBe(true);
  });

  it('needs no stack, however deep it is', () => {
    expect([isTooDeep(arrays(500_000)), isTooDeep(objects(150_000))]).toEqual([true, true]);
  });

  it('of a plain value is none', () => {
    for (const value of [null, 1, 'x', true]) expect(isTooDeep(value, 0)).toBe(false);
  });
});
