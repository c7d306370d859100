import { describe, expect, it } from 'vitest';
import { Session } from '../../../../pipeline/kernel/runner/session.ts';

const second = 1_000;

/** A partition claimed at offset 10, with the log ending there. */
function claimed(high = 10n) {
  const session = new Session({ topic: 'in', partition: 0 }, { epoch: 1n, nextOffset: 10n }, high);
  session.sees(high, 0);
  return session;
}
const move = (session: Session, nextOffset: bigint) => {
  session.position = { ...session.position, nextOffset };
};

describe('the lag of a partition in seconds', () => {
  it('is 0 while there is nothing to handle, however long ago the last record was', () => {
    expect(claimed().lagSeconds(500 * second)).toBe(0);
  });

  it('is the age of the record at hand, also while it waits for something', () => {
    const session = claimed(12n);
    session.holds(-30 * second, 5 * second);
    expect(session.lagSeconds(5 * second)).toBe(35);
    expect(session.lagSeconds(65 * second)).toBe(95);
    expect(session.stalledSeconds(65 * second)).toBe(65);
  });

  it('grows from the last record that was handled where the next one is not read, as in a paused partition', () => {
    const session = claimed(12n);
    session.holds(-30 * second, 0);
    move(session, 11n);
    session.passed(-29 * second, 1 * second);
    expect(session.lagSeconds(1 * second)).toBe(30);
    expect(session.lagSeconds(11 * second)).toBe(40);
    expect(session.stalledSeconds(11 * second)).toBe(10);
  });

  it('grows from the first look that finds a record which nobody fetches', () => {
    const session = claimed();
    session.sees(11n, 20 * second);
    session.sees(15n, 30 * second);
    expect({ lag: session.lag(), seconds: session.lagSeconds(30 * second) }).toEqual({ lag: 5, seconds: 10 });
    expect(session.stalledSeconds(30 * second)).toBe(10);
  });

  it('is 0 again once all is handled', () => {
    const session = claimed(11n);
    session.holds(-30 * second, 0);
    move(session, 11n);
    session.passed(-30 * second, 1 * second);
    expect({ lag: session.lagSeconds(99 * second), stalled: session.stalledSeconds(99 * second) }).toEqual({
      lag: 0,
      stalled: 0,
    });
  });

  it('never sees the end of the log go back', () => {
    const session = claimed(12n);
    session.sees(11n, 0);
    expect(session.lag()).toBe(2);
  });
});
