import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from '../../ops/examples/catalog-service/api.ts';
import { openProducts } from '../../ops/examples/catalog-service/products.ts';
import { eventually } from '../support/eventually.ts';
import { idsOf, type Shopper } from '../support/shopper.ts';
import { startWholeProcess, type WholeProcess } from '../support/whole-process.ts';

const namespace = 'shop';
const items = ['a', 'b', 'c', 'd', 'e'];
const products = openProducts();
const api: Server = createApi(products, 'secret');
let whole: WholeProcess;
let shopper: Shopper;
let revision = 1;

const upsert = async (item_id: string, fields: Record<string, unknown> = {}) => {
  revision += 1;
  const [result] = await shopper.post('/v1/items:upsert', { items: [{ namespace, item_id, revision, ...fields }] });
  expect(result).toMatchObject({ status: 'accepted' });
};
const numberOf = async (itemId: string) => {
  const [row] = await whole.process.pipeline.resources.database.query<{ number: number }>({
    text: 'SELECT number FROM item WHERE namespace = $1 AND item_id = $2',
    values: [namespace, itemId],
  });
  return Number(row?.number);
};
const listOf = async (userId: string) => idsOf(await shopper.list(userId, { surface: 'feed' }));
const isShown = (userId: string, itemId: string) =>
  eventually(async () => expect(await listOf(userId)).toContain(itemId));
const isGone = (userId: string, itemId: string) =>
  eventually(async () => expect(await listOf(userId)).not.toContain(itemId));

beforeAll(async () => {
  await once(api.listen(0, '127.0.0.1'), 'listening');
  products.put('pulled', { price: '5.00', currency: 'EUR', tags: ['brand:acme'] });
  whole = await startWholeProcess({
    name: 'e2e-catalogue',
    env: {
      FRESHET_CATALOG_PULL_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/products`,
      FRESHET_CATALOG_PULL_NAMESPACE: namespace,
      FRESHET_CATALOG_PULL_EVERY_MS: '100',
      FRESHET_CATALOG_PULL_TOKEN: 'secret',
    },
  });
  shopper = whole.shopper;
  const surfaces = { feed: { exclude_current: false, exclude_seen: false, exclude_bought: false } };
  const document = { namespace, kind: 'settings', id: 'default', revision: 1, body: { surfaces } };
  await shopper.post('/v1/config:upsert', { documents: [document] });
  for (const item of items) await upsert(item);
  for (const item of items) {
    await eventually(async () =>
      expect((await shopper.call(`/v1/items/${item}?namespace=${namespace}`)).status).toBe(200),
    );
  }
  for (const user_id of ['u1', 'u2', 'u3']) {
    for (const item_id of ['a', 'b', 'c']) await shopper.tell({ user_id, session_id: 's', item_id });
  }
  await eventually(async () => expect((await shopper.similar('a')).toSorted()).toEqual(['b', 'c']));
  const last = await shopper.tell({ user_id: 'anna', item_id: 'a' });
  await shopper.listReflecting('anna', last, { surface: 'feed' });
  await eventually(async () => expect((await shopper.list('anna')).config_version).toBe(1));
  await isShown('anna', 'b');
}, 120_000);
afterAll(async () => {
  await whole?.close();
  api.closeAllConnections();
  api.close();
});

describe('an item of the catalogue', () => {
  it('leaves lists when it is not available, and comes back when it is', async () => {
    await upsert('b', { available: false });
    await isGone('anna', 'b');
    expect(await shopper.similar('a')).not.toContain('b');
    await upsert('b', { available: true });
    await isShown('anna', 'b');
    await eventually(async () => expect(await shopper.similar('a')).toContain('b'));
  });

  it('leaves lists when it is deleted, and what was done with it stays', async () => {
    const before = await numberOf('b');
    revision += 1;
    const path = `/v1/items/b?namespace=${namespace}&revision=${revision}`;
    expect((await fetch(`${whole.process.url}${path}`, { method: 'DELETE' })).status).toBe(202);
    await isGone('anna', 'b');
    await eventually(async () => expect(await shopper.similar('a')).toEqual(['c']));
    // Others' lists go on from the deleted item, as its sessions were never forgotten.
    const event = await shopper.tell({ user_id: 'bert', item_id: 'b' });
    const list = await shopper.listReflecting('bert', event, { surface: 'feed' });
    expect(list.fallback_level).toBe('personal');
    expect(idsOf(list)).toEqual(expect.arrayContaining(['a', 'c']));
    expect(idsOf(list)).not.toContain('b');
    // A write from before the deletion does not bring it back; a later one does, as the item it was.
    const older = { namespace, item_id: 'b', revision: revision - 1 };
    expect(await shopper.post('/v1/items:upsert', { items: [older] })).toMatchObject([{ status: 'stale' }]);
    await upsert('b');
    await isShown('anna', 'b');
    expect(await numberOf('b')).toBe(before);
    expect(await shopper.similar('a')).toContain('b');
  });
});

describe('a product of a catalogue service', () => {
  const shown = async () => {
    const response = await shopper.call(`/v1/items/pulled?namespace=${namespace}`);
    return response.status === 200 ? ((await response.json()) as Record<string, unknown>) : response.status;
  };

  it('is an item, changes with the product, and goes and comes back with it', async () => {
    await eventually(async () => expect(await shown()).toMatchObject({ price: '5.00', tags: ['brand:acme'] }));
    const number = await numberOf('pulled');
    products.put('pulled', { price: '4.00', currency: 'EUR', tags: ['brand:acme'] });
    await eventually(async () => expect(await shown()).toMatchObject({ price: '4.00' }));
    const event = await shopper.tell({ user_id: 'carl', item_id: 'pulled' });
    await shopper.listReflecting('carl', event);
    await isShown('nobody', 'pulled');
    products.remove('pulled');
    await isGone('nobody', 'pulled');
    await eventually(async () => expect(await shown()).toBe(404));
    products.put('pulled', { price: '6.00', currency: 'EUR' });
    await isShown('nobody', 'pulled');
    expect(await numberOf('pulled')).toBe(number);
  });

  it('is told of in the health of the process that pulls', async () => {
    const response = await fetch(`${whole.process.url}/healthz`);
    const { subsystems } = (await response.json()) as { subsystems: Record<string, unknown> };
    expect(subsystems.catalog_pull).toMatchObject({ namespace, problem: null, items: { rejected: 0 } });
    expect([whole.fatal, whole.errors]).toEqual([[], []]);
  });
});
