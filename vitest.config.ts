import { defineConfig } from 'vitest/config';

const quietKafkajs = ['--disable-warning=TimeoutNegativeWarning'];

/** A tier of tests; those with servers share one stack that is started before the first of them. */
function tier(name: string, order: number, options: { seconds: number; servers: boolean; workers: number }) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      pool: 'forks' as const,
      execArgv: quietKafkajs,
      maxWorkers: options.workers,
      testTimeout: options.seconds * 1_000,
      hookTimeout: options.seconds * 1_000,
      globalSetup: options.servers ? ['test/support/global-setup.ts'] : [],
      sequence: { groupOrder: order },
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      tier('unit', 0, { seconds: 10, servers: false, workers: 2 }),
      tier('contract', 1, { seconds: 30, servers: true, workers: 2 }),
      tier('integration', 2, { seconds: 60, servers: true, workers: 2 }),
      // One file at a time: these stop and kill servers that all others would miss.
      tier('e2e', 3, { seconds: 180, servers: true, workers: 1 }),
      // Chapters for people who change Freshet; each runs what it tells.
      tier('guide', 4, { seconds: 180, servers: true, workers: 2 }),
    ],
    passWithNoTests: false,
    reporters: ['default', './test/support/count-reporter.ts'],
  },
});
