import { describe, expect, it } from 'vitest';
import { parseInteraction } from '../../../../../pipeline/domain/intake/interaction.ts';
import { accepted, click, faultsOf, problemsOf, receivedAt, rulesWith } from './sample.ts';

const parse = (occurred_at: unknown, settings = {}) =>
  parseInteraction(click({ occurred_at }), '$', rulesWith({ max_event_age_ms: 3_650 * 86_400_000, ...settings }));

describe('occurred_at', () => {
  const same: [string, unknown, number][] = [
    ['ISO-8601 in UTC', '2026-01-15T11:59:00Z', receivedAt - 60_000],
    ['ISO-8601 with milliseconds', '2026-01-15T11:59:00.123Z', receivedAt - 59_877],
    ['ISO-8601 with microseconds, cut', '2026-01-15T11:59:00.123987Z', receivedAt - 59_877],
    ['ISO-8601 with an offset', '2026-01-15T13:59:00+02:00', receivedAt - 60_000],
    ['ISO-8601 with a short offset', '2026-01-15T06:29:00-0530', receivedAt - 60_000],
    ['ISO-8601 without seconds', '2026-01-15T11:59Z', receivedAt - 60_000],
    ['seconds', receivedAt / 1_000 - 60, receivedAt - 60_000],
    ['seconds with a fraction', receivedAt / 1_000 - 59.877, receivedAt - 59_877],
    ['milliseconds', receivedAt - 60_000, receivedAt - 60_000],
    ['milliseconds with a fraction, cut', receivedAt - 60_000 + 0.9, receivedAt - 60_000],
    ['a leap day', '2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['nothing', undefined, receivedAt],
    ['null', null, receivedAt],
  ];
  it.each(same)('may be %s', (_, input, expected) => {
    expect(accepted(parse(input)).occurredAt).toBe(expected);
  });

  const refused: [unknown, string][] = [
    ['1768478400', 'timestamp_ambiguous'],
    ['1768478400000', 'timestamp_ambiguous'],
    ['1768478400.5', 'timestamp_ambiguous'],
    ['2026-01-15T11:59:00', 'timestamp_ambiguous'],
    ['2026-01-15 11:59:00', 'timestamp_ambiguous'],
    ['2026-01-15', 'timestamp_ambiguous'],
    ['yesterday', 'timestamp_invalid'],
    ['', 'timestamp_invalid'],
    ['2026-02-30T00:00:00Z', 'timestamp_invalid'],
    ['2025-02-29T00:00:00Z', 'timestamp_invalid'],
    ['2026-13-01T00:00:00Z', 'timestamp_invalid'],
    ['2026-01-15T24:00:00Z', 'timestamp_invalid'],
    ['2026-01-15T11:60:00Z', 'timestamp_invalid'],
    ['2026-01-15T11:00:00+19:00', 'timestamp_invalid'],
    [Number.POSITIVE_INFINITY, 'timestamp_invalid'],
    [Number.NaN, 'timestamp_invalid'],
    [1e300, 'timestamp_invalid'],
    [-1e300, 'timestamp_invalid'],
    [true, 'wrong_type'],
    [{}, 'wrong_type'],
  ];
  it.each(refused)('is refused as %j with %s', (input, code) => {
    expect(faultsOf(parse(input))).toEqual([`${code} $.occurred_at`]);
  });

  it('tells seconds from milliseconds at 1e11', () => {
    expect(faultsOf(parse(1e11 - 1))).toEqual(['in_future $.occurred_at']);
    expect(faultsOf(parse(1e11))).toEqual(['too_old $.occurred_at']);
  });

  it('is refused where it is too old or too far ahead by the settings of its namespace', () => {
    const settings = { max_event_age_ms: 60_000, max_event_future_ms: 1_000 };
    expect(faultsOf(parse(receivedAt - 60_000, settings))).toEqual([]);
    expect(problemsOf(parse(receivedAt - 60_001, settings))).toMatchObject([{ code: 'too_old', limit: 60_000 }]);
    expect(faultsOf(parse(receivedAt + 1_000, settings))).toEqual([]);
    expect(problemsOf(parse(receivedAt + 1_001, settings))).toMatchObject([{ code: 'in_future', limit: 1_000 }]);
  });
});
