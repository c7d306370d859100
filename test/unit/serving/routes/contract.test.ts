import { expect, test } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import { createIntakeContract } from '../../../../pipeline/main/contract.ts';
import { topics } from '../../../../schemas/topics.ts';
import { composeApp } from '../../../../serving/compose-app.ts';
import { contractRoutes } from '../../../../serving/routes/contract.ts';
import { quietLog } from '../../../support/serving-harness.ts';

test('tells limits, targets and the ids of schemas, and asks the registry once a subject', async () => {
  const asked: string[] = [];
  let isAway = true;
  const { limits: intakeLimits, schemas } = createIntakeContract({
    async idOf(subject) {
      if (isAway) throw new TransientError('registry_unavailable', 'is away');
      asked.push(subject);
      return asked.length;
    },
  });
  const app = composeApp({
    apps: [contractRoutes({ version: '1.2.3', intakeLimits, schemas })],
    metrics: createMetrics(),
    log: quietLog,
    makeId: () => 'made',
  });
  const get = async () => (await app.request('/contract')).json() as Promise<{ schemas: { id: number | null }[] }>;
  expect(await get()).toMatchObject({
    version: '1.2.3',
    limits: { events_per_batch: 1_000, body_bytes: 1_048_576, list_items: 100, exclude_items: 500 },
    targets: { kpi: { ctr_at_20_pct: 8 }, sla: { p99_ms: 200 } },
  });
  expect((await get()).schemas.every(({ id }) => id === null)).toBe(true);
  isAway = false;
  for (const { schemas: told } of [await get(), await get()]) {
    expect(told.map(({ id }) => id)).toEqual(Object.keys(topics).map((_, at) => at + 1));
  }
  expect(asked).toHaveLength(Object.keys(topics).length);
});
