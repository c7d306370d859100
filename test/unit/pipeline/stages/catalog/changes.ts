import { itemKey } from '../../../../../pipeline/domain/keys.ts';
import type { Delivery } from '../../../../../pipeline/kernel/stage.ts';
import type { ItemChanged } from '../../../../../schemas/generated/item-changed.v1.ts';

export const itemChanged = (fields: Partial<ItemChanged> & { itemId: string }): ItemChanged => ({
  namespace: 'default',
  revision: 1,
  available: true,
  hidden: false,
  price: '9.90',
  currency: 'EUR',
  tags: ['brand:x', 'genre:"a, b"'],
  parentId: null,
  bundleOf: [],
  title: 'Title',
  description: null,
  url: null,
  imageUrl: null,
  publishedAt: null,
  archivedAt: null,
  properties: {},
  receivedAt: 1,
  ...fields,
});

export function delivered<V>(key: Buffer, value: V | null, offset = 0): Delivery<V> {
  return { topic: 't', partition: 0, offset: BigInt(offset), key, value, timestampMs: 0 };
}

export const itemDelivery = (fields: Parameters<typeof itemChanged>[0]): Delivery<ItemChanged> =>
  delivered(itemKey(fields.namespace ?? 'default', fields.itemId), itemChanged(fields));

export const itemTombstone = (itemId: string): Delivery<ItemChanged> =>
  delivered<ItemChanged>(itemKey('default', itemId), null);
