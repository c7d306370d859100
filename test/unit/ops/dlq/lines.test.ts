import { describe, expect, it } from 'vitest';
import { age, columns, hexDump, resultLines, summaryLines } from '../../../../ops/dlq/lines.ts';

describe('what operators read', () => {
  it('has columns of even width and ages in two units', () => {
    expect(
      columns([
        ['a', 1],
        ['bcd', 22],
      ]),
    ).toEqual(['a    1', 'bcd  22']);
    expect([5_000, 90_000, 7_260_000, 183_600_000].map(age)).toEqual(['5s', '1m', '2h 1m', '2d 3h']);
  });

  it('shows bytes as hex, with those that print, and says how many are left out', () => {
    expect(hexDump(Buffer.from('\u0000short'))).toEqual([
      '00000000  00 73 68 6f 72 74                                .short',
    ]);
    expect(hexDump(Buffer.alloc(600)).at(-1)).toBe('… 88 bytes more; --json has all of them');
  });

  it('sums what is open', () => {
    const row = { stateVersion: 2, reason: 'invalid', count: 3, oldestFailedAt: 0, newestFailedAt: 0 };
    const rows = [
      { ...row, stage: 'aggregation', status: 'open' as const },
      { ...row, stage: 'aggregation', status: 'discarded' as const },
    ];
    expect(summaryLines(rows, 60_000).at(1)).toMatch(/^aggregation\.v2 {2}invalid {2}open/);
    expect(summaryLines(rows, 60_000).at(-1)).toBe('3 open');
    expect(summaryLines([], 0)).toEqual(['no dead letters']);
  });

  it('says what was left undone and what to do', () => {
    const lines = resultLines('redriven', {
      settled: 1,
      refused: 1,
      groups: [
        {
          stage: 'intake',
          stateVersion: 0,
          topic: 't',
          reason: 'invalid',
          refused: 'too_old',
          count: 1,
          example: 'intake/t/0/1',
          message: 'too long ago',
        },
      ],
      busy: 2,
      notOpen: ['a/t/0/1'],
      absent: ['b/t/0/1'],
      endedBy: 'failure',
      failure: { code: 'kafka_unavailable', message: 'away' },
    });
    expect(lines[0]).toBe('1 redriven, 1 refused');
    expect(lines.join('\n')).toMatch(/refused: too_old {2}intake\/t\/0\/1: too long ago/);
    expect(lines).toEqual(
      expect.arrayContaining(['a/t/0/1 is not open', 'b/t/0/1 is not there', 'away (kafka_unavailable)']),
    );
    expect(lines.join('\n')).toMatch(/Run it again/);
  });
});
