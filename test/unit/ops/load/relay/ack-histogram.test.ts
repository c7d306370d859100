import { expect, it } from 'vitest';
import { ackPercentiles, parseBuckets } from '../../../../../ops/load/relay/ack-histogram.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';

async function bucketsAfter(seconds: readonly number[]) {
  const { registry, relayPublishSeconds } = createMetrics();
  for (const one of seconds) relayPublishSeconds.observe({ outbox: 'main' }, one);
  return parseBuckets(await registry.metrics());
}

it('finds the percentiles between two readings of the metrics', async () => {
  const before = await bucketsAfter([0.4]);
  const slow = Array.from({ length: 10 }, () => 0.012);
  const after = await bucketsAfter([0.4, ...Array.from({ length: 90 }, () => 0.0035), ...slow]);
  const { p50, p99 } = ackPercentiles(before, after);
  expect(p50).toBeGreaterThan(3);
  expect(p50).toBeLessThanOrEqual(4);
  expect(p99).toBeGreaterThan(10);
  expect(p99).toBeLessThanOrEqual(15);
});

it('refuses metrics without the histogram', () => {
  expect(() => parseBuckets('freshet_other_bucket{le="1"} 5\n')).toThrow('no freshet_relay_publish_seconds_bucket');
});
