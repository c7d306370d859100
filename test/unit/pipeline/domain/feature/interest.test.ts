import { describe, expect, it } from 'vitest';
import { watchSeconds } from '../../../../../pipeline/domain/feature/interest.ts';

const watch = { durationMs: 60_000, completion: 0.25 };

describe('seconds of a watch', () => {
  it.each([
    ['as said', { type: 'watch', value: 12.5, watch }, 12.5],
    ['0 where 0 is said', { type: 'watch', value: 0, watch: null }, 0],
    ['the share of the length', { type: 'watch', value: null, watch }, 15],
    ['unknown without a share', { type: 'watch', value: null, watch: { ...watch, completion: null } }, null],
    ['unknown without a length', { type: 'watch', value: null, watch: { ...watch, durationMs: null } }, null],
    ['unknown where nothing is said', { type: 'watch', value: null, watch: null }, null],
    ['none of a purchase', { type: 'purchase', value: 3, watch: null }, null],
  ] as const)('are %s', (_, interaction, expected) => {
    expect(watchSeconds(interaction)).toBe(expected);
  });
});
