import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { clearArea } from '../../ops/demo/area.ts';
import { type RunState, runStatePath } from '../../ops/demo/run-state.ts';
import type { DemoSummary } from '../../ops/demo/summary.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { stackEnvironment } from '../../ops/stack/stack.ts';
import { type FreshetChild, startFreshet } from './freshet-child.ts';
import { createTestRedis } from './test-redis.ts';

/** A place for demos that no other run of the machine, and no developer's own demo, comes near. */
export interface DemoArea {
  start(...options: readonly string[]): FreshetChild;
  /** What a demo has noted to go on from; undefined before it did. */
  state(): RunState | undefined;
  /** Summary of the report that the last demo wrote; undefined where it wrote none. */
  report(): DemoSummary | undefined;
  close(): Promise<void>;
}

export async function createDemoArea(): Promise<DemoArea> {
  const stack = inject('stack');
  const redisUrl = await createTestRedis(stack);
  const area = Number(new URL(redisUrl).pathname.slice(1));
  const statePath = runStatePath(checkoutRoot(), area);
  const folder = mkdtempSync(join(tmpdir(), 'freshet-demo-'));
  const reportPath = join(folder, 'report.json');
  return {
    start(...options) {
      rmSync(reportPath, { force: true });
      const args = ['demo', '--once', '--area', String(area), '--json', reportPath, ...options];
      return startFreshet(args, stackEnvironment(stack));
    },
    state: () => (existsSync(statePath) ? (JSON.parse(readFileSync(statePath, 'utf8')) as RunState) : undefined),
    report() {
      if (!existsSync(reportPath)) return undefined;
      return (JSON.parse(readFileSync(reportPath, 'utf8')) as { summary: DemoSummary }).summary;
    },
    async close() {
      for (const path of [statePath, folder]) rmSync(path, { recursive: true, force: true });
      const redis = new Redis(redisUrl);
      try {
        await clearArea(stack, area, redis);
      } finally {
        redis.disconnect();
      }
    },
  };
}
