import { expect, it } from 'vitest';
import { segmentOf } from '../../../../pipeline/domain/segment.ts';

it('leaves a part empty where it is not known', () => {
  expect(segmentOf(undefined, null)).toBe('|');
  expect(segmentOf('home', null)).toBe('home|');
  expect(segmentOf(null, 'de-DE')).toBe('|de-DE');
});

it('keeps the separator unambiguous', () => {
  expect(segmentOf('a|b', 'de')).toBe('a_b|de');
});

it('cuts long parts between characters, so that a packed profile can hold them', () => {
  const segment = segmentOf('ü'.repeat(500), '日'.repeat(500));
  expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(255);
  expect(segment).toBe(`${'ü'.repeat(64)}|${'日'.repeat(21)}`);
});
