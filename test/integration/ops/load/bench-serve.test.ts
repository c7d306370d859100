import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Generator } from '../../../../ops/load/harness/forked-generator.ts';
import type { ProductProcess } from '../../../../ops/load/harness/product-process.ts';
import { benchServe, startServeGenerator } from '../../../../ops/load/serve/bench.ts';
import { makeDataSet } from '../../../../ops/load/serve/data-set.ts';
import { fillForServing } from '../../../../ops/load/serve/fill.ts';
import type { LoadPlan, LoadResult } from '../../../../ops/load/serve/load-plan.ts';
import { type Surface, surfaces } from '../../../../ops/load/serve/population.ts';
import { openServeArea, type ServeArea, startSystem } from '../../../../ops/load/serve/target.ts';
import { verifyAnswers } from '../../../../ops/load/serve/verify.ts';

const size = { users: 300, items: 1_500 };
const never = new AbortController().signal;

describe('bench serve', () => {
  it('gives figures of both systems, each compared with the reference', async () => {
    const load = { runs: 1, rate: 200, seconds: 1, connections: 4, requests: 500, peerSeconds: 1 };
    const { runs, bytes } = await benchServe(inject('stack'), {
      ...size,
      ...load,
      nodeOptions: [],
      say: () => {},
      signal: never,
    });
    expect(runs.map((run) => `${run.system} ${run.load} ${run.surface}`)).toEqual([
      'freshet steady blend',
      'freshet saturated list',
      'freshet saturated blend',
      'naive saturated list',
    ]);
    for (const run of runs) {
      expect(run.answersCompared).toBe(Math.ceil(run.requests / 100));
      expect(run.latency.p99).toBeGreaterThanOrEqual(run.latency.p50);
    }
    expect(bytes.user).toBeLessThanOrEqual(2_048);
    expect(bytes.item).toBeLessThanOrEqual(1_024);
  });
});

describe('a run of it', () => {
  const data = makeDataSet(size);
  let area: ServeArea;
  let serving: ProductProcess;
  let generator: Generator<LoadPlan, LoadResult>;
  beforeAll(async () => {
    area = await openServeArea(inject('stack'));
    await fillForServing(area.redis, data);
    serving = await startSystem('freshet', area, []);
    generator = startServeGenerator();
  });
  afterAll(async () => {
    await generator?.close();
    await serving?.stop();
    await area?.close();
  });
  const run = (surface: Surface) => {
    const pace = { kind: 'closed', connections: 2, seconds: 0, atLeast: 2_000 } as const;
    return generator.run({ url: serving.url, surface, users: size.users, seed: 7, pace, sampleEvery: 1 });
  };

  it.each(surfaces)('agrees with the reference in every single answer, on every rung: %s', async (surface) => {
    const result = await run(surface);
    expect(verifyAnswers(data, result, surface)).toBe(result.statuses.length);
    expect(new Set(result.levels).size).toBe(3);
  });

  it('is none where an answer shows what it should not', async () => {
    const popular = new Map([...data.popular].map(([segment, list]) => [segment, list.slice(1)] as const));
    const result = await run('list');
    expect(() => verifyAnswers({ ...data, popular }, result, 'list')).toThrow(/answers differ from the reference/);
  });

  it('is none where a request was refused', async () => {
    const result = await run('list');
    result.statuses[3] = 503;
    expect(() => verifyAnswers(data, result, 'list')).toThrow(/1 requests were not answered with 200 but 503/);
  });
});
