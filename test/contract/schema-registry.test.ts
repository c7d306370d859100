import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createRegistryAdmin } from '../../ops/schemas/registry-admin.ts';
import { createHttpRegistry } from '../../pipeline/broker/registry/http-registry.ts';
import { createMemoryRegistry } from '../../pipeline/broker/registry/memory-registry.ts';
import type { RegistryClient } from '../../pipeline/broker/registry/registry-client.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';

interface Registry extends RegistryClient {
  register(subject: string, json: string): number | Promise<number>;
}

const kinds: Readonly<Record<string, () => Registry>> = {
  memory: createMemoryRegistry,
  'Confluent-compatible HTTP': () => {
    const options = { url: inject('stack').registryUrl };
    const admin = createRegistryAdmin(options);
    return {
      ...createHttpRegistry(options),
      register: async (subject, json) => (await admin.register(subject, json)).id,
    };
  },
};

describe.each(Object.entries(kinds))('a schema registry (%s)', (_, open) => {
  const run = randomUUID().slice(0, 8);
  const subject = `contract.${run}-value`;
  const schema = (name: string) =>
    JSON.stringify({ type: 'record', name: `${name}${run}`, fields: [{ name: 'x', type: 'int' }] });
  let registry: Registry;
  let id: number;

  beforeAll(async () => {
    registry = open();
    id = await registry.register(subject, schema('First'));
  });

  test('gives the text of an id back, as the same schema', async () => {
    expect(JSON.parse((await registry.schemaById(id)) ?? '')).toEqual(JSON.parse(schema('First')));
  });

  test('finds the id of a text under its subject', async () => {
    expect(await registry.idOf(subject, schema('First'))).toBe(id);
  });

  test('the same text twice is one id', async () => {
    expect(await registry.register(subject, schema('First'))).toBe(id);
  });

  test('an id nobody has is undefined', async () => {
    expect(await registry.schemaById(2_000_000_000)).toBeUndefined();
  });

  test('a text that is not registered is undefined, as is any under a subject that does not exist', async () => {
    expect(await registry.idOf(subject, schema('Second'))).toBeUndefined();
    expect(await registry.idOf(`absent.${run}-value`, schema('First'))).toBeUndefined();
  });

  test('a text is found only under the subject it was registered under', async () => {
    await registry.register(`other.${run}-value`, schema('Other'));
    expect(await registry.idOf(subject, schema('Other'))).toBeUndefined();
  });
});

describe('registering', () => {
  const subject = `contract.${randomUUID().slice(0, 8)}-value`;
  const schema = (type: string) => JSON.stringify({ type: 'record', name: 'Refused', fields: [{ name: 'x', type }] });
  const admin = (url: string) => createRegistryAdmin({ url, timeoutMs: 2_000 });

  test('puts a new subject under FULL_TRANSITIVE and refuses what its versions cannot be read with', async () => {
    const registry = admin(inject('stack').registryUrl);
    await registry.register(subject, schema('string'));
    expect(await registry.compatibility(subject)).toBe('FULL_TRANSITIVE');
    await expect(registry.register(subject, schema('int'))).rejects.toMatchObject({ code: 'schema_refused' });
    await expect(registry.register(subject, schema('no such type'))).rejects.toMatchObject({ code: 'schema_refused' });
    expect(await registry.versions(subject)).toEqual([1]);
  });

  test('is transient while the registry is away', async () => {
    const away = admin('http://127.0.0.1:1/apis/ccompat/v7');
    await expect(away.register(subject, schema('string'))).rejects.toBeInstanceOf(TransientError);
  });
});
