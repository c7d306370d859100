import type { CatalogWriter } from '../catalog.ts';
import { configuredNamespaces, loadConfig, saveConfig } from './catalog-config.ts';
import { eachItemPage, loadItems, saveItems } from './catalog-items.ts';
import type { Database } from './database.ts';

/** The catalogue's tables; each save is one transaction. */
export function createCatalogWriter(db: Database): CatalogWriter {
  return {
    saveItems: (changes) =>
      changes.length === 0 ? Promise.resolve([]) : db.transaction((tx) => saveItems(tx, changes)),
    items: (refs) => loadItems(db, refs),
    saveConfig: (changes) =>
      changes.length === 0 ? Promise.resolve() : db.transaction((tx) => saveConfig(tx, changes)),
    eachItemPage: (namespace, use) => eachItemPage(db, namespace, use),
    async saveUsers(changes) {
      if (changes.length === 0) return;
      await db.query({
        name: 'users-save',
        text: `WITH input AS (
                 SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::text[], $6::text[], $7::float8[])
                               AS r (namespace, user_id, revision, deleted, traits, consent, seen_ms)
               ), gone AS (
                 UPDATE "user" u SET deleted = true FROM input i
                  WHERE i.revision IS NULL AND u.namespace = i.namespace AND u.user_id = i.user_id
               )
               INSERT INTO "user" AS u (namespace, user_id, revision, deleted, traits, consent, last_seen_at)
               SELECT namespace, user_id, revision, deleted, traits::jsonb, consent, to_timestamp(seen_ms / 1000)
                 FROM input WHERE revision IS NOT NULL ORDER BY namespace, user_id
               ON CONFLICT (namespace, user_id)
               DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, traits = excluded.traits,
                             consent = excluded.consent, last_seen_at = excluded.last_seen_at
                WHERE u.revision <= excluded.revision`,
        values: [
          changes.map(({ ref }) => ref.namespace),
          changes.map(({ ref }) => ref.userId),
          changes.map(({ document }) => document?.revision ?? null),
          changes.map(({ deleted }) => deleted),
          changes.map(({ document }) => (document ? JSON.stringify(document.traits) : null)),
          changes.map(({ document }) => document?.consent ?? null),
          changes.map(({ document }) => document?.lastSeenAt ?? null),
        ],
      });
    },
    config: (namespaces) => loadConfig(db, namespaces),
    configuredNamespaces: () => configuredNamespaces(db),
    async highestNumbers() {
      const rows = await db.query<{ namespace: string; highest: bigint }>({
        text: `SELECT n.namespace, h.number AS highest FROM item_number n
                CROSS JOIN LATERAL (SELECT number FROM item i WHERE i.namespace = n.namespace
                                     ORDER BY number DESC LIMIT 1) h`,
      });
      return new Map(rows.map(({ namespace, highest }) => [namespace, Number(highest)]));
    },
  };
}
