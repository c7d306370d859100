import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../pipeline/kernel/clock.ts';
import { FreshetError, TransientError } from '../../../../pipeline/kernel/errors.ts';
import { claimPartitions, isBeyondEnd } from '../../../../pipeline/kernel/runner/claim.ts';

const partition = { topic: 'in', partition: 0 };
const signal = new AbortController().signal;

/** Time passes only by waiting. */
function patientClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    monotonic: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

/** Ends of the log, one a look; the last one stays. */
function logEnding(...ends: (bigint | Error)[]) {
  return {
    async offsets() {
      const high = ends.length > 1 ? ends.shift() : ends[0];
      if (high instanceof Error) throw high;
      return [{ ...partition, low: 0n, high: high as bigint }];
    },
  };
}

const claimed = (nextOffset: bigint, high: bigint) => ({ partition, position: { epoch: 1n, nextOffset }, high });

describe('an offset that seems to lie beyond the end of the log', () => {
  it('is none when a former owner moved it after the end was read', async () => {
    const options = { offsets: logEnding(12n), clock: patientClock() };
    expect(await isBeyondEnd(options, claimed(12n, 10n), signal)).toBe(false);
  });

  it('is none when a new leader learns of its followers, or answers, only after a while', async () => {
    const away = new TransientError('kafka_unavailable', 'away');
    const options = { offsets: logEnding(10n, away, 10n, 11n, 12n), clock: patientClock() };
    expect(await isBeyondEnd(options, claimed(12n, 10n), signal)).toBe(false);
  });

  it('is one when the log stays short', async () => {
    const clock = patientClock();
    expect(await isBeyondEnd({ offsets: logEnding(10n), clock }, claimed(12n, 10n), signal)).toBe(true);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(29_000);
  });
});

it('a broker that denies a topic which it has just assigned is waited for', async () => {
  const options = {
    stage: { name: 'stage', consumes: [{ name: 'in' }], stateVersion: 0 },
    offsets: logEnding(new FreshetError('topic_unknown', 'no topic in')),
    progress: { claim: () => expect.unreachable('nothing to claim') },
    owner: 'test',
    autoOffsetReset: 'earliest',
  } as const;
  await expect(claimPartitions(options, [partition])).rejects.toBeInstanceOf(TransientError);
});
