import { chunkSize } from '../../pipeline/domain/item-attributes.ts';
import type { ItemChange, ItemReader } from '../../pipeline/stores/serving.ts';
import type { CatalogView } from '../catalog-view.ts';
import { type FeedEnvironment, type FeedFollower, followFeed } from './follow-feed.ts';

/**
 * Keeps the catalogue view current. Loading adds to what the view holds, so that a Redis that was
 * flushed leaves the filters working while the projection is written again.
 */
export function catalogFeed(reader: ItemReader, view: CatalogView, environment: FeedEnvironment): FeedFollower {
  const { metrics, log } = environment;
  const take = (changes: readonly ItemChange[]) => {
    for (const { namespace, number, item } of changes) view.set(namespace, number, item);
    metrics.servingItems.set(view.count());
  };
  const load = async () => {
    for (const [namespace, highest] of await reader.highest()) {
      for (let number = 0; number <= highest; number += chunkSize) {
        const { items, unreadable } = await reader.chunk(namespace, number);
        if (unreadable > 0) {
          log.error({ namespace, unreadable }, 'items not understood, left out');
          metrics.servingUndecodable.inc({ kind: 'item' }, unreadable);
        }
        take(items);
      }
    }
  };
  return followFeed(
    { name: 'catalog', feed: async () => reader.feed, load, apply: async (changes) => take(changes) },
    environment,
  );
}
