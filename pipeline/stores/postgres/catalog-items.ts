import type { Change, ItemBody, ItemDocument, ItemRef, ProjectedItem } from '../catalog.ts';
import type { Database, Queryable } from './database.ts';

interface ItemRow {
  readonly namespace: string;
  readonly item_id: string;
  readonly number: bigint;
  readonly available: boolean;
  readonly archived_at: number | null;
  readonly tags: string[];
  readonly body: ItemBody;
}

/**
 * Writes documents and deletions, then answers the rows of all keys. New items take the next numbers of their
 * namespace; `item_number`'s row lock makes writers of one namespace take turns until they commit. A key that
 * another transaction inserts meanwhile keeps its number and leaves a gap: numbers are unique, not dense.
 */
export async function saveItems(
  tx: Queryable,
  changes: readonly Change<ItemRef, ItemDocument>[],
): Promise<ProjectedItem[]> {
  await upsertItems(
    tx,
    changes.flatMap(({ document, deleted }) => (document ? [{ ...document, deleted }] : [])),
  );
  const refs = changes.map(({ ref }) => ref);
  const gone = changes.filter(({ document }) => document === null).map(({ ref }) => ref);
  if (gone.length > 0) {
    await tx.query({
      name: 'items-delete',
      text: `UPDATE item i SET deleted = true FROM unnest($1::text[], $2::text[]) AS k (namespace, item_id)
              WHERE i.namespace = k.namespace AND i.item_id = k.item_id`,
      values: [gone.map(({ namespace }) => namespace), gone.map(({ itemId }) => itemId)],
    });
  }
  return loadItems(tx, refs);
}

export async function loadItems(db: Queryable, refs: readonly ItemRef[]): Promise<ProjectedItem[]> {
  if (refs.length === 0) return [];
  const rows = await db.query<ItemRow>({
    name: 'items-load',
    text: `SELECT ${columns} FROM unnest($1::text[], $2::text[]) AS k (namespace, item_id)
            CROSS JOIN LATERAL (
                  SELECT * FROM item i WHERE i.namespace = k.namespace AND i.item_id = k.item_id OFFSET 0) i
            ORDER BY i.namespace, i.number`,
    values: [refs.map(({ namespace }) => namespace), refs.map(({ itemId }) => itemId)],
  });
  return rows.map(projected);
}

const columns = `i.namespace, i.item_id, i.number, i.available AND NOT i.hidden AND NOT i.deleted AS available,
                 i.archived_at, i.tags, i.body`;

function projected({
  namespace,
  item_id: itemId,
  number,
  available,
  archived_at: archivedAt,
  tags,
  body,
}: ItemRow): ProjectedItem {
  const { price, currency, parentId = null, publishedAt = null } = body;
  const attributes = { itemId, available, archivedAt, price, currency, tags, parentId, publishedAt };
  return { namespace, number: Number(number), attributes };
}

/** Tags travel as JSON texts: Postgres arrays of arrays have to be rectangular. */
async function upsertItems(tx: Queryable, items: readonly (ItemDocument & { deleted: boolean })[]): Promise<void> {
  if (items.length === 0) return;
  await tx.query({
    name: 'items-save',
    text: `WITH input AS (
             SELECT r.*, i.number AS known
               FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::boolean[], $6::boolean[], $7::float8[],
                           $8::text[], $9::text[])
                    AS r (namespace, item_id, revision, deleted, available, hidden, archived_ms, tags, body)
               LEFT JOIN LATERAL (
                    SELECT number FROM item i WHERE i.namespace = r.namespace AND i.item_id = r.item_id OFFSET 0) i ON true
           ), fresh AS (
             SELECT namespace, item_id, row_number() OVER (PARTITION BY namespace ORDER BY item_id) AS nth
               FROM input WHERE known IS NULL
           ), taken AS (
             INSERT INTO item_number AS n (namespace, next)
             SELECT namespace, 1 + count(*) FROM fresh GROUP BY namespace ORDER BY namespace
             ON CONFLICT (namespace) DO UPDATE SET next = n.next + excluded.next - 1
             RETURNING namespace, next
           ), counted AS (
             SELECT namespace, count(*) AS count FROM fresh GROUP BY namespace
           )
           INSERT INTO item AS i (namespace, item_id, number, revision, deleted, available, hidden, archived_at, tags, body)
           SELECT namespace, item_id, coalesce(known, taken.next - counted.count + nth - 1), revision, deleted, available,
                  hidden, to_timestamp(archived_ms / 1000), ARRAY (SELECT jsonb_array_elements_text(tags::jsonb)), body::jsonb
             FROM input LEFT JOIN fresh USING (namespace, item_id) LEFT JOIN taken USING (namespace)
                  LEFT JOIN counted USING (namespace)
            ORDER BY namespace, item_id
           ON CONFLICT (namespace, item_id)
           DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, available = excluded.available,
                         hidden = excluded.hidden, archived_at = excluded.archived_at, tags = excluded.tags,
                         body = excluded.body
            WHERE i.revision <= excluded.revision`,
    values: [
      items.map((item) => item.namespace),
      items.map((item) => item.itemId),
      items.map((item) => item.revision),
      items.map((item) => item.deleted),
      items.map((item) => item.available),
      items.map((item) => item.hidden),
      items.map((item) => item.archivedAt),
      items.map((item) => JSON.stringify(item.tags)),
      items.map((item) => JSON.stringify(item.body)),
    ],
  });
}

const pageItems = 1_000;

/**
 * Pages by primary key, each in a transaction of its own that holds the rows against change until `use` is
 * done. Rows are locked in the order in which `saveItems` writes them.
 */
export async function eachItemPage(
  db: Database,
  namespace: string,
  use: (items: ProjectedItem[]) => Promise<void>,
): Promise<void> {
  let after = '';
  for (;;) {
    const items = await db.transaction(async (tx) => {
      const rows = await tx.query<ItemRow>({
        name: 'items-page',
        text: `SELECT ${columns} FROM item i WHERE i.namespace = $1 AND i.item_id > $2
                ORDER BY i.item_id LIMIT ${pageItems} FOR SHARE`,
        values: [namespace, after],
      });
      const page = rows.map(projected);
      if (page.length > 0) await use(page);
      return page;
    });
    const last = items.at(-1);
    if (!last || items.length < pageItems) return;
    after = last.attributes.itemId;
  }
}
