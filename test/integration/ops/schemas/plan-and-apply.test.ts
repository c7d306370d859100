import { afterAll, beforeAll, expect, test } from 'vitest';
import { applySchemas } from '../../../../ops/schemas/apply.ts';
import { appliedLines, newVersions } from '../../../../ops/schemas/apply-text.ts';
import { planSchemas } from '../../../../ops/schemas/plan.ts';
import { planLines, planMarkdown } from '../../../../ops/schemas/plan-text.ts';
import { createRegistryAdmin, type RegistryAdmin } from '../../../../ops/schemas/registry-admin.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { avroTopics } from '../../../../schemas/topics.ts';
import { type ConfluentRegistry, startConfluentRegistry } from '../../../support/confluent-registry.ts';

const subject = 'audience.user.changed.v1-value';
let server: ConfluentRegistry;
let registry: RegistryAdmin;
beforeAll(async () => {
  server = await startConfluentRegistry();
  registry = createRegistryAdmin({ url: server.url });
});
afterAll(() => server.close());

const where = () => ({ registryUrl: server.url, root: checkoutRoot() });
const apply = (dryRun = false) => applySchemas({ ...where(), dryRun, log: createLogger('silent') });
const nothingToDo = 'the registry has every recorded version';

test('a dry run says what would be registered and registers nothing, apply does it once', async () => {
  const dry = await apply(true);
  expect(dry.flatMap(appliedLines)).toContain(`would_register ${subject} v1`);
  expect(newVersions(dry)).toBe(avroTopics.length);
  expect(await registry.versions(subject)).toEqual([]);
  const lines = (await apply()).flatMap(appliedLines);
  expect(lines).toContainEqual(expect.stringContaining(`registered     ${subject} v1 (id `));
  expect(lines).toHaveLength(avroTopics.length);
  const again = await apply();
  expect([again.flatMap(appliedLines), newVersions(again)]).toEqual([[], 0]);
  expect(planLines(await planSchemas(where()))).toEqual([nothingToDo]);
});

test('a level that somebody changed is told by plan and apply, though nothing is registered', async () => {
  await registry.setCompatibility(subject, 'NONE');
  expect(planLines(await planSchemas(where()))).toEqual([`${subject}: compatibility NONE → FULL_TRANSITIVE`]);
  const applied = await apply();
  expect(applied.flatMap(appliedLines)).toEqual([`compatibility  ${subject} NONE → FULL_TRANSITIVE`]);
  expect(newVersions(applied)).toBe(0);
  expect(await registry.compatibility(subject)).toBe('FULL_TRANSITIVE');
});

test('a version that only the registry has is named and left alone', async () => {
  await registry.setCompatibility(subject, 'NONE');
  await registry.register(subject, JSON.stringify({ type: 'record', name: 'UserChanged', fields: [] }));
  await registry.setCompatibility(subject, 'FULL_TRANSITIVE');
  const planned = await planSchemas(where());
  expect(planLines(planned)).toEqual([
    nothingToDo,
    expect.stringContaining(`${subject}: the registry has a version that schemas/history lacks: left alone`),
  ]);
  expect(planMarkdown(planned, 'registry')).toContain('schemas/history lacks');
  expect((await apply()).flatMap(appliedLines)).toEqual([]);
  expect(await registry.versions(subject)).toHaveLength(2);
});
