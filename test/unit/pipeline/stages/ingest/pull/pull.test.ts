import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../../../../pipeline/domain/settings.ts';
import { type Clock, systemClock } from '../../../../../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../../pipeline/kernel/metrics.ts';
import { createCatalogPull } from '../../../../../../pipeline/stages/ingest/pull/pull.ts';
import type { PullMarks } from '../../../../../../pipeline/stores/catalog-pull.ts';
import { createTestCodec } from '../../../../../support/ingest-harness.ts';

const everyMs = 600_000;

/** A started pull from a service without items, up to its first wait of 10 seconds or longer. */
async function untilItWaits(marks: PullMarks) {
  const failed: unknown[] = [];
  const lines: string[] = [];
  const waits = Promise.withResolvers<number>();
  const clock: Clock = {
    ...systemClock,
    async sleep(ms, signal) {
      if (ms < 10_000 || signal === undefined) return;
      waits.resolve(ms);
      await systemClock.sleep(ms, signal);
    },
  };
  const { component, status } = createCatalogPull({
    ref: { namespace: 'shop', url: 'http://shop.example/' },
    everyMs,
    overlapMs: 0,
    owner: 'one',
    source: { page: async () => ({ kind: 'page', items: [], nextCursor: null }) },
    marks,
    codec: createTestCodec(),
    store: { append: async () => [] },
    settings: { get: () => defaultSettings, isLoaded: () => true },
    admission: { refusal: () => undefined },
    signal: () => undefined,
    queueEvents: 1,
    clock,
    random: () => 0,
    log: createLogger('info', { write: (line) => void lines.push(line) }),
    metrics: createMetrics(),
  });
  const running = await component.start((error) => {
    failed.push(error);
    waits.resolve(0);
  });
  const waitedMs = await waits.promise;
  const told = status();
  await running.stop();
  return { waitedMs, failed, told, lines };
}

describe('the component of the pull', () => {
  it('does not end the process where what a service sent cannot be kept, and tries again', async () => {
    const { waitedMs, failed, told, lines } = await untilItWaits({
      take: async () => ({ mark: { since: null, seen: null, cursor: null, startedAt: null }, endedMsAgo: null }),
      save: () => Promise.reject(new FreshetError('sql_22021', 'invalid byte sequence')),
      release: async () => undefined,
    });
    expect(failed).toEqual([]);
    expect(waitedMs).toBe(30_000);
    expect(told).toMatchObject({ state: 'waiting', problem: 'invalid byte sequence' });
    expect(lines.some((line) => (JSON.parse(line) as { level: number }).level === 50)).toBe(true);
  });

  it('waits out the rest where a round has ended a short time ago, whoever pulled it', async () => {
    const { waitedMs, told } = await untilItWaits({
      take: async () => ({ mark: { since: 5, seen: null, cursor: null, startedAt: null }, endedMsAgo: 190_000 }),
      save: () => Promise.reject(new Error('nothing is pulled')),
      release: async () => undefined,
    });
    expect(waitedMs).toBe(everyMs - 190_000);
    expect(told).toMatchObject({ state: 'idle', problem: null, rounds: 0 });
  });
});
