import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createRegistryAdmin, type RegistryAdmin } from '../../ops/schemas/registry-admin.ts';
import { createHttpRegistry } from '../../pipeline/broker/registry/http-registry.ts';
import { createMemoryRegistry } from '../../pipeline/broker/registry/memory-registry.ts';
import type { RegistryClient } from '../../pipeline/broker/registry/registry-client.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { type ConfluentRegistry, startConfluentRegistry } from '../support/confluent-registry.ts';

interface Registry extends RegistryClient {
  register(subject: string, json: string): number | Promise<number>;
}

let confluent: ConfluentRegistry;
beforeAll(async () => {
  confluent = await startConfluentRegistry();
});
afterAll(() => confluent.close());

const urls: Readonly<Record<string, () => string>> = {
  Apicurio: () => inject('stack').registryUrl,
  "Confluent's API": () => confluent.url,
};

const overHttp = (url: string): Registry => {
  const admin = createRegistryAdmin({ url });
  return {
    ...createHttpRegistry({ url }),
    register: async (subject, json) => (await admin.register(subject, json)).id,
  };
};

const kinds: Readonly<Record<string, () => Registry>> = {
  memory: createMemoryRegistry,
  ...Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, () => overHttp(url())])),
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

  test('the same text twice is one id, under another subject too', async () => {
    expect(await registry.register(subject, schema('First'))).toBe(id);
    expect(await registry.register(`twin.${run}-value`, schema('First'))).toBe(id);
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

describe.each(Object.entries(urls))('the writing half of a registry (%s)', (_, url) => {
  const name = () => `contract.${randomUUID().slice(0, 8)}-value`;
  const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Changing', fields });
  const one = record({ name: 'x', type: 'string' });
  const withDefault = record({ name: 'x', type: 'string' }, { name: 'y', type: 'int', default: 0 });
  const withoutDefault = record({ name: 'x', type: 'string' }, { name: 'y', type: 'int' });
  let registry: RegistryAdmin;

  beforeAll(() => {
    registry = createRegistryAdmin({ url: url(), timeoutMs: 10_000 });
  });

  test('puts a new subject under FULL_TRANSITIVE and refuses what its versions cannot be read with', async () => {
    const subject = name();
    await registry.register(subject, one);
    expect(await registry.compatibility(subject)).toBe('FULL_TRANSITIVE');
    const refused = { code: 'schema_refused', message: expect.stringContaining(subject) };
    await expect(registry.register(subject, record({ name: 'x', type: 'int' }))).rejects.toMatchObject(refused);
    await expect(registry.register(subject, record({ name: 'x', type: 'no such type' }))).rejects.toMatchObject(
      refused,
    );
    expect(await registry.versions(subject)).toEqual([1]);
  });

  test('a subject without a level of its own has none, and the registry has one for it', async () => {
    const subject = name();
    expect(await registry.compatibility(subject)).toBeUndefined();
    expect(await registry.globalCompatibility()).toMatch(/^(NONE|(BACKWARD|FORWARD|FULL)(_TRANSITIVE)?)$/);
    await registry.setCompatibility(subject, 'BACKWARD');
    expect(await registry.compatibility(subject)).toBe('BACKWARD');
  });

  test('a subject that has a level keeps it, and that one judges', async () => {
    const subject = name();
    await registry.setCompatibility(subject, 'FORWARD');
    await registry.register(subject, withDefault);
    await registry.register(subject, record({ name: 'x', type: 'string' }, { name: 'z', type: 'int' }));
    expect(await registry.compatibility(subject)).toBe('FORWARD');
    expect(await registry.versions(subject)).toEqual([1, 2]);
  });

  test('numbers versions in the order they came, and finds each by its text', async () => {
    const subject = name();
    const first = await registry.register(subject, one);
    const second = await registry.register(subject, withDefault);
    expect([first.version, second.version]).toEqual([1, 2]);
    expect(await registry.versions(subject)).toEqual([1, 2]);
    expect(await registry.find(subject, one)).toEqual(first);
    expect(await registry.find(subject, withDefault)).toEqual(second);
    expect(await registry.find(subject, withoutDefault)).toBeUndefined();
    expect(await registry.find(name(), one)).toBeUndefined();
    expect(await registry.versions(name())).toEqual([]);
  });

  test('a verdict says whether a text would be taken', async () => {
    const subject = name();
    expect(await registry.verdict(subject, one)).toEqual({ isCompatible: true, messages: [] });
    await registry.register(subject, one);
    expect(await registry.verdict(subject, withDefault)).toEqual({ isCompatible: true, messages: [] });
    expect((await registry.verdict(subject, withoutDefault)).isCompatible).toBe(false);
    expect(await registry.versions(subject)).toEqual([1]);
  });

  test('a verdict looks at every version that the level compares with', async () => {
    const subject = name();
    await registry.register(subject, one);
    await registry.register(subject, withDefault);
    // Reads the newest version, but not the first.
    const third = record({ name: 'x', type: 'string' }, { name: 'y', type: 'int' });
    expect((await registry.verdict(subject, third)).isCompatible).toBe(false);
    await registry.setCompatibility(subject, 'BACKWARD');
    expect((await registry.verdict(subject, third)).isCompatible).toBe(true);
  });

  test('a verdict on what is no schema is that it does not fit', async () => {
    const subject = name();
    await registry.register(subject, one);
    const nonsense = record({ name: 'x', type: 'no such type' });
    expect(await registry.verdict(subject, nonsense)).toEqual({ isCompatible: false, messages: [expect.any(String)] });
  });
});

describe("what only Confluent's API has", () => {
  const schema = JSON.stringify({ type: 'record', name: 'Own', fields: [] });

  test('a verdict comes with the reasons', async () => {
    const registry = createRegistryAdmin({ url: confluent.url });
    await registry.register('reasons-value', schema);
    const other = JSON.stringify({ type: 'record', name: 'Own', fields: [{ name: 'y', type: 'int' }] });
    const { isCompatible, messages } = await registry.verdict('reasons-value', other);
    expect(isCompatible).toBe(false);
    expect(messages).toEqual(expect.arrayContaining([expect.stringContaining('READER_FIELD_MISSING_DEFAULT_VALUE')]));
  });

  test('a path that the server does not have is never taken for a subject that it lacks', async () => {
    const url = `${confluent.url}/apis/ccompat/v7`;
    const wrongUrl = expect.objectContaining({
      code: 'registry_unavailable',
      message: expect.stringContaining('is FRESHET_REGISTRY_URL right?'),
    });
    await expect(createRegistryAdmin({ url }).find('any-value', schema)).rejects.toEqual(wrongUrl);
    await expect(createHttpRegistry({ url }).idOf('any-value', schema)).rejects.toEqual(wrongUrl);
  });

  test('a level that there is not is refused', async () => {
    const registry = createRegistryAdmin({ url: confluent.url });
    await expect(registry.setCompatibility('level-value', 'SIDEWAYS')).rejects.toMatchObject({
      code: 'schema_refused',
      message: expect.stringContaining('Invalid compatibility level'),
    });
  });

  test('a schema that refers to others is read as one text', async () => {
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    const register = async (subject: string, body: object) => {
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(`${confluent.url}/subjects/${subject}/versions`, init);
      return ((await answer.json()) as { id: number }).id;
    };
    const address = { type: 'record', name: 'Address', namespace: 'shop', fields: [{ name: 'city', type: 'string' }] };
    await register('address-value', { schema: JSON.stringify(address) });
    const order = { type: 'record', name: 'Order', namespace: 'shop', fields: [{ name: 'to', type: 'shop.Address' }] };
    const references = [{ name: 'shop.Address', subject: 'address-value', version: 1 }];
    const id = await register('order-value', { schema: JSON.stringify(order), references });
    const text = await createHttpRegistry({ url: confluent.url }).schemaById(id);
    expect(JSON.parse(text ?? '')).toEqual({ ...order, fields: [{ name: 'to', type: address }] });
  });

  test('a subject that is read-only refuses with its reason', async () => {
    const registry = createRegistryAdmin({ url: confluent.url });
    await fetch(`${confluent.url}/mode/locked-value`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"mode":"READONLY"}',
    });
    await expect(registry.register('locked-value', schema)).rejects.toMatchObject({
      code: 'schema_refused',
      message: expect.stringContaining('Subject locked-value is in read-only mode'),
    });
  });

  test('a subject that was deleted is as none, and comes back with the same id', async () => {
    const registry = createRegistryAdmin({ url: confluent.url });
    const before = await registry.register('deleted-value', schema);
    await fetch(`${confluent.url}/subjects/deleted-value`, { method: 'DELETE' });
    expect(await registry.versions('deleted-value')).toEqual([]);
    expect(await registry.find('deleted-value', schema)).toBeUndefined();
    expect(await registry.register('deleted-value', schema)).toEqual({ id: before.id, version: 2 });
    expect(await createHttpRegistry({ url: confluent.url }).schemaById(before.id)).toBe(schema);
  });
});

test('registering is transient while the registry is away', async () => {
  const away = createRegistryAdmin({ url: 'http://127.0.0.1:1/apis/ccompat/v7', timeoutMs: 2_000 });
  await expect(away.register('away-value', '"string"')).rejects.toBeInstanceOf(TransientError);
});
