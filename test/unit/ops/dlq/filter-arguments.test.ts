import { describe, expect, it } from 'vitest';
import { addressOf, filterOf, statusOf } from '../../../../ops/dlq/filter-arguments.ts';

const now = Date.UTC(2026, 0, 2);

describe('what letters are chosen by', () => {
  it('is only what was given', () => {
    expect(filterOf({}, now)).toEqual({});
    expect(
      filterOf({ stage: 's', key: 'default|u', since: '2h', until: '2026-01-02T00:00:00Z', text: 'x' }, now),
    ).toEqual({
      stage: 's',
      key: Buffer.from('default|u'),
      from: now - 7_200_000,
      to: now,
      text: 'x',
    });
  });

  it('is refused with what is expected', () => {
    expect(() => filterOf({ since: 'yesterday' }, now)).toThrow(/--since/);
    expect(() => statusOf('gone')).toThrow(/none of open, redriven, discarded, all/);
    expect(() => addressOf('17')).toThrow(/stage\[\.vN\]\/topic\/partition\/offset/);
    expect(statusOf('all')).toBeUndefined();
  });
});
