import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { benchIngest } from '../../../../ops/load/ingest/bench.ts';
import { type Generator, startGenerator } from '../../../../ops/load/ingest/generator-process.ts';
import type { LoadPlan } from '../../../../ops/load/ingest/load-plan.ts';
import { startTarget, type Target } from '../../../../ops/load/ingest/target.ts';

const small = { requests: 5, batch: 20, pace: { kind: 'closed', connections: 2 } } as const;

describe('bench ingest', () => {
  it('gives figures of every load, each counted back', async () => {
    const runs: string[] = [];
    const options = { rounds: 1, batches: 5, connections: 2, singles: 20, singlesPerSecond: 200, nodeOptions: [] };
    const bench = await benchIngest(inject('stack'), { ...options, onRun: ({ load }) => void runs.push(load) });
    expect(runs).toEqual(['batches', 'singles', 'half']);
    for (const { events, eventsPerSecond, latency, cpuSecondsPerMillion } of bench.runs) {
      expect(eventsPerSecond).toBeGreaterThan(0);
      expect(latency.p99).toBeGreaterThanOrEqual(latency.p50);
      expect(cpuSecondsPerMillion).toBeGreaterThanOrEqual(0);
      expect([500, 20]).toContain(events);
    }
    expect(bench.peakMemoryMiB).toBeGreaterThan(30);
  });
});

describe('a run of it', () => {
  let target: Target;
  let generator: Generator;
  beforeAll(async () => {
    target = await startTarget(inject('stack'), []);
    generator = startGenerator();
  });
  afterAll(async () => {
    await generator.close();
    await target.close();
  });
  const run = (id: number, plan: Omit<LoadPlan, 'url' | 'run'> = small) =>
    generator.run({ ...plan, url: target.url, run: id });

  it('is none where the outbox does not hold every event of it', async () => {
    await run(1);
    await target.verify(1, 100);
    await expect(target.verify(1, 101)).rejects.toMatchObject({ code: 'bench_failed' });
    await expect(target.verify(1, 99)).rejects.toMatchObject({ code: 'bench_failed' });
    await expect(target.verify(2, 100)).rejects.toMatchObject({ code: 'bench_failed' });
  });

  it('is none where an event was not accepted', async () => {
    await run(3);
    await expect(run(3)).rejects.toThrow('0 of 20 events accepted');
  });

  it('sends each request of an open loop when it is due, whatever became of those before', async () => {
    const pace = { kind: 'open', requestsPerSecond: 200 } as const;
    const { seconds, latencies, lateness } = await run(4, { requests: 40, batch: 1, pace });
    expect([latencies.length, lateness.length]).toEqual([40, 40]);
    expect(seconds).toBeGreaterThanOrEqual(39 / 200);
    expect(latencies.every((latency, i) => latency >= (lateness[i] ?? 0))).toBe(true);
  });
});
