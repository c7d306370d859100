import type { Change, ConfigDocument, ConfigRef } from '../catalog.ts';
import type { Queryable } from './database.ts';

/** Documents and deletions in one statement; a key has one or the other. */
export async function saveConfig(db: Queryable, changes: readonly Change<ConfigRef, ConfigDocument>[]): Promise<void> {
  if (changes.length === 0) return;
  await db.query({
    name: 'config-save',
    text: `WITH input AS (
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[]) AS r (namespace, revision, deleted, body)
           ), gone AS (
             UPDATE namespace_config c SET deleted = true FROM input i
              WHERE i.revision IS NULL AND c.namespace = i.namespace
           )
           INSERT INTO namespace_config AS c (namespace, revision, deleted, body)
           SELECT namespace, revision, deleted, body::jsonb FROM input WHERE revision IS NOT NULL ORDER BY namespace
           ON CONFLICT (namespace)
           DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, body = excluded.body
            WHERE c.revision <= excluded.revision`,
    values: [
      changes.map(({ ref }) => ref.namespace),
      changes.map(({ document }) => document?.revision ?? null),
      changes.map(({ deleted }) => deleted),
      changes.map(({ document }) => (document ? JSON.stringify(document.body) : null)),
    ],
  });
}
