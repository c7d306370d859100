import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../pipeline/stores/postgres/database.ts';
import type { Display } from './display.ts';
import type { Door } from './door.ts';
import { namespace, surface } from './replay.ts';

const batchSize = 1_000;
const day = 86_400_000;

/** The log spans 31 days, so this namespace takes older events than others do. */
const settings = {
  max_event_age_ms: 45 * day,
  popularity_half_life_ms: 7 * day,
  surfaces: { [surface]: { exclude_current: true, exclude_seen: false } },
};

async function projected(database: Database): Promise<{ items: number; settings: boolean }> {
  const [row] = await database.query<{ items: bigint; settings: boolean }>({
    text: `SELECT (SELECT count(*) FROM item WHERE namespace = $1) AS items,
                  EXISTS (SELECT FROM namespace_config WHERE namespace = $1) AS settings`,
    values: [namespace],
  });
  return { items: Number(row?.items ?? 0n), settings: row?.settings ?? false };
}

export interface CatalogueOptions {
  readonly door: Door;
  readonly itemIds: readonly string[];
  readonly database: Database;
  readonly display: Display;
  readonly signal: AbortSignal;
}

/**
 * Upserts settings and items through the HTTP door and waits until the catalogue stage has projected them, since
 * the log's old clicks would be refused before. Repeating it changes nothing: revisions stay the same.
 */
export async function setUpCatalogue({ door, itemIds, database, display, signal }: CatalogueOptions): Promise<void> {
  await door.post('/v1/config:upsert', {
    documents: [{ namespace, kind: 'settings', id: 'default', revision: 1, body: settings }],
  });
  display.phase('catalogue', itemIds.length);
  for (let from = 0; from < itemIds.length; from += batchSize) {
    const items = itemIds.slice(from, from + batchSize);
    await door.post('/v1/items:upsert', {
      items: items.map((item_id) => ({ namespace, item_id, revision: 1, available: true })),
    });
  }
  for (;;) {
    const seen = await projected(database);
    display.progress(seen.items);
    if (seen.items >= itemIds.length && seen.settings) return;
    await delay(100, undefined, { signal });
  }
}
