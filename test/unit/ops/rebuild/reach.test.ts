import { describe, expect, it } from 'vitest';
import { completeSinceOf } from '../../../../ops/rebuild/reach.ts';

/** Records of each partition by timestamp, of which retention has left those from `low` on. */
function logOf(partitions: readonly { readonly at: readonly number[]; readonly low: number }[]) {
  return {
    offsets: async (topic: string) =>
      partitions.map(({ at, low }, partition) => ({ topic, partition, low: BigInt(low), high: BigInt(at.length) })),
    offsetsAt: async (topic: string, instant: number) =>
      partitions.map(({ at, low }, partition) => {
        const found = at.findIndex((one, offset) => offset >= low && one >= instant);
        return { topic, partition, offset: BigInt(found === -1 ? at.length : found) };
      }),
  };
}

const day = 86_400_000;
const now = 100 * day;
const since = (log: ReturnType<typeof logOf>, wanted: number) => completeSinceOf(log, 'log', { wanted, now });

describe('since when a topic is complete', () => {
  it('is what is wanted where retention has taken nothing, or nothing that is wanted', async () => {
    expect(await since(logOf([{ at: [50 * day, 60 * day], low: 0 }]), day)).toBe(day);
    expect(await since(logOf([{ at: [1 * day, 2 * day, 60 * day], low: 1 }]), 3 * day)).toBe(3 * day);
  });

  it('is the first record that is left in the partition that has lost the most', async () => {
    const log = logOf([
      { at: [1 * day, 50 * day, 60 * day], low: 1 },
      { at: [1 * day, 30 * day, 60 * day], low: 1 },
      { at: [70 * day], low: 0 },
    ]);
    const found = await since(log, day);
    expect(found).toBeGreaterThan(50 * day);
    expect(found).toBeLessThanOrEqual(50 * day + 1_000);
  });

  it('is now where a partition has lost everything', async () => {
    expect(await since(logOf([{ at: [1 * day], low: 1 }]), day)).toBe(now);
  });
});
