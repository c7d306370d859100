import type { CatalogReader, KnownItem, KnownUser, LookUpKey } from '../catalog.ts';
import type { Queryable } from './database.ts';

/** Look-ups by primary key, one statement a batch and kind; OFFSET 0 keeps them look-ups whatever the statistics say. */
export function createCatalogReader(db: Queryable): CatalogReader {
  return {
    async findItems(refs) {
      if (refs.length === 0) return new Map<LookUpKey, KnownItem>();
      const rows = await db.query<{ namespace: string; item_id: string; tags: string[] }>({
        name: 'items-find',
        text: `SELECT i.namespace, i.item_id, i.tags
                 FROM unnest($1::text[], $2::text[]) AS k (namespace, item_id)
                CROSS JOIN LATERAL (
                      SELECT * FROM item i
                       WHERE i.namespace = k.namespace AND i.item_id = k.item_id AND NOT i.deleted OFFSET 0) i`,
        values: [refs.map((ref) => ref.namespace), refs.map((ref) => ref.itemId)],
      });
      return new Map(rows.map(({ namespace, item_id: id, tags }) => [`${namespace}|${id}`, { tags }]));
    },
    async findUsers(refs) {
      if (refs.length === 0) return new Map<LookUpKey, KnownUser>();
      const rows = await db.query<{ namespace: string; user_id: string; traits: Record<string, string> }>({
        name: 'users-find',
        text: `SELECT u.namespace, u.user_id, u.traits
                 FROM unnest($1::text[], $2::text[]) AS k (namespace, user_id)
                CROSS JOIN LATERAL (
                      SELECT * FROM "user" u
                       WHERE u.namespace = k.namespace AND u.user_id = k.user_id AND NOT u.deleted OFFSET 0) u`,
        values: [refs.map((ref) => ref.namespace), refs.map((ref) => ref.userId)],
      });
      return new Map(rows.map(({ namespace, user_id: id, traits }) => [`${namespace}|${id}`, { traits }]));
    },
  };
}
