import { describe, expect, it } from 'vitest';
import type { RawRecord } from '../../../../pipeline/broker/consumer.ts';
import { isMeantForAnother, redriveHeader, redriveOf } from '../../../../pipeline/kernel/runner/redrive.ts';

const withHeader = (value: unknown): RawRecord => ({
  offset: 9n,
  key: null,
  value: null,
  timestampMs: 0,
  headers: { [redriveHeader]: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) },
});
const redrive = { stateVersion: 2, stage: 's', topic: 't', partition: 1, offset: '12', count: 3, firstFailedAt: 5 };

describe('a redriven record', () => {
  it('carries the key of its dead letter and its history', () => {
    expect(redriveOf(withHeader(redrive))).toEqual({ ...redrive, offset: 12n });
  });

  it('is an ordinary one where the header is not ours', () => {
    for (const broken of ['', 'null', '[]', '{', { ...redrive, offset: '-1' }, { ...redrive, count: 1.5 }]) {
      expect(redriveOf(withHeader(broken))).toBeUndefined();
    }
  });

  it('is meant for its stage and version alone where the stage is versioned', () => {
    const parsed = { ...redrive, offset: 12n };
    expect(isMeantForAnother(parsed, 's', 2)).toBe(false);
    expect(isMeantForAnother(parsed, 's', 3)).toBe(true);
    expect(isMeantForAnother(parsed, 'other', 2)).toBe(true);
    expect(isMeantForAnother({ ...parsed, stateVersion: 0 }, 'other', 2)).toBe(false);
  });
});
