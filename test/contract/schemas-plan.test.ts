import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applySchemas } from '../../ops/schemas/apply.ts';
import { appliedLines, newVersions } from '../../ops/schemas/apply-text.ts';
import { evolveEvent } from '../../ops/schemas/change.ts';
import { planSchemas } from '../../ops/schemas/plan.ts';
import { planLines, planMarkdown } from '../../ops/schemas/plan-text.ts';
import { recordVersions } from '../../ops/schemas/record.ts';
import { createRegistryAdmin } from '../../ops/schemas/registry-admin.ts';
import { checkoutRoot } from '../../ops/stack/paths.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { avroTopics } from '../../schemas/topics.ts';
import { type ConfluentRegistry, startConfluentRegistry } from '../support/confluent-registry.ts';
import { copySchemas } from '../support/schemas-copy.ts';

const subject = 'audience.user.changed.v1-value';
const log = createLogger('fatal');
let root: string;
let registry: ConfluentRegistry;

beforeEach(async () => {
  root = copySchemas();
  registry = await startConfluentRegistry();
});
afterEach(async () => {
  await registry.close();
  rmSync(root, { recursive: true });
});

const plan = () => planSchemas({ registryUrl: registry.url, root });
const apply = () => applySchemas({ registryUrl: registry.url, root, log });
const admin = () => createRegistryAdmin({ url: registry.url });

async function release(): Promise<void> {
  const add = [{ text: 'channel:string?', doc: 'Where the user came from.' }];
  await evolveEvent(root, 'user-changed.v1', { add, rename: [], remove: [], addSymbol: [] });
  recordVersions(root);
}

describe('a registry that is compared with the recorded versions', () => {
  test('wants everything when it is new, and nothing once it was applied', async () => {
    const { subjects } = await plan();
    expect(subjects).toHaveLength(avroTopics.length);
    expect(subjects[0]).toMatchObject({ pending: [1], refusals: [], changes: [], deploy: undefined });
    const dry = await applySchemas({ registryUrl: registry.url, root, log, dryRun: true });
    expect(dry.flatMap(appliedLines)).toContain(`would_register ${subject} v1`);
    expect(await admin().versions(subject)).toEqual([]);
    const applied = await apply();
    expect(applied.flatMap(appliedLines)).toContainEqual(expect.stringContaining(`registered     ${subject} v1 (id `));
    expect([newVersions(dry), newVersions(applied)]).toEqual([avroTopics.length, avroTopics.length]);
    expect(await plan()).toEqual({ findings: [], subjects: [], ahead: [] });
    expect((await apply()).flatMap(appliedLines)).toEqual([]);
  });

  test('is told of a new version with what changes and who is deployed first', async () => {
    await apply();
    await release();
    const planned = await plan();
    expect(planLines(planned)).toEqual([
      `${subject}: register v2`,
      '  channel: added: nullable string; older records read null',
      '  deploy: consumers first',
      `    1. \`freshet schemas apply\`, which registers it under ${subject}`,
      '    2. consumers: catalog-users; until then they do not see `channel`',
      '    3. producers: ingest',
    ]);
    expect(planMarkdown(planned, 'registry.example')).toContain('| channel | added | nullable string;');
    await apply();
    expect(await admin().versions(subject)).toEqual([1, 2]);
  });

  test('gets its level back where somebody changed it', async () => {
    await apply();
    await admin().setCompatibility(subject, 'BACKWARD');
    expect(planLines(await plan())).toEqual([`${subject}: compatibility BACKWARD → FULL_TRANSITIVE`]);
    const applied = await apply();
    expect(applied.flatMap(appliedLines)).toEqual([`compatibility  ${subject} BACKWARD → FULL_TRANSITIVE`]);
    expect(newVersions(applied)).toBe(0);
    expect(await admin().compatibility(subject)).toBe('FULL_TRANSITIVE');
  });

  test('keeps what it alone has, which may be of a newer release', async () => {
    await apply();
    await release();
    await apply();
    rmSync(root, { recursive: true });
    cpSync(join(checkoutRoot(), 'schemas'), join(root, 'schemas'), { recursive: true });
    const planned = await plan();
    expect(planned.subjects).toEqual([]);
    const extra = `${subject}: the registry has a version that schemas/history lacks: left alone`;
    expect(planLines(planned)).toContainEqual(expect.stringContaining(extra));
    expect(planMarkdown(planned, 'registry.example')).toContain(extra);
    expect((await apply()).find((one) => one.subject === subject)).toMatchObject({ onlyInRegistry: 1 });
    expect(await admin().versions(subject)).toEqual([1, 2]);
  });

  test('says why it would refuse what somebody registered against by hand, and is not written to', async () => {
    await apply();
    const file = join(root, 'schemas', 'history', subject, '1.avsc');
    const schema = JSON.parse(readFileSync(file, 'utf8'));
    schema.fields.push({ name: 'channel', type: ['null', 'int'], default: null });
    await admin().register(subject, JSON.stringify(schema));
    await release();
    const planned = await plan();
    expect(planned.subjects[0]?.refusals).not.toEqual([]);
    expect(planLines(planned).join('\n')).toMatch(/refused by the registry: .*channel/);
    expect(planMarkdown(planned, 'registry.example')).toContain(`**The registry would refuse ${subject}.**`);
    await expect(apply()).rejects.toMatchObject({ code: 'schema_refused' });
  });

  test('is not even asked where a rule is broken', async () => {
    const file = join(root, 'schemas', 'history', subject, '1.avsc');
    writeFileSync(file, readFileSync(file, 'utf8').replace('revision', 'rev'));
    await registry.close();
    const { findings } = await plan();
    expect(findings[0]).toMatchObject({ rule: 'history', file: `schemas/history/${subject}/1.avsc` });
    await expect(apply()).rejects.toMatchObject({ code: 'schemas_refused' });
    registry = await startConfluentRegistry();
  });
});
