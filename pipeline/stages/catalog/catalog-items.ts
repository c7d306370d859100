import type { ItemChanged } from '../../../schemas/generated/item-changed.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import type { StatelessStage } from '../../kernel/stage.ts';
import type { CatalogProjection, CatalogWriter, ItemDocument, ItemRef } from '../../stores/catalog.ts';
import { foldBatch, keyParts, type Reading } from './fold.ts';
import { putSettled } from './put-settled.ts';

export interface CatalogItemsDeps {
  readonly catalog: Pick<CatalogWriter, 'saveItems' | 'items'>;
  readonly projection: Pick<CatalogProjection, 'putItems'>;
}

/**
 * Keeps the catalogue: rows with their numbers in Postgres, then, from those rows, what serving reads in Redis.
 * Both may be repeated, and Redis is told what is stored, not what came in.
 */
export function createCatalogItems({ catalog, projection }: CatalogItemsDeps): StatelessStage<ItemChanged> {
  return {
    kind: 'stateless',
    name: 'catalog-items',
    consumes: [topics.itemChanged],
    stateVersion: 0,
    async handle(batch) {
      const { changes, outcomes } = foldBatch(batch, items);
      const saved = await catalog.saveItems(changes);
      const refs = changes.map(({ ref }) => ref);
      await putSettled(
        saved,
        (stored) => projection.putItems(stored),
        () => catalog.items(refs),
      );
      return outcomes;
    },
  };
}

const items: Reading<ItemChanged, ItemRef, ItemDocument> = {
  ref(key) {
    const [namespace, itemId] = keyParts(key, 2) ?? [];
    return namespace === undefined || itemId === undefined ? 'the key is not namespace|item' : { namespace, itemId };
  },
  document({ namespace, itemId, revision, available, hidden, archivedAt, tags, receivedAt: _, ...body }) {
    return { namespace, itemId, revision, available, hidden, archivedAt, tags, body };
  },
  refOf: ({ namespace, itemId }) => ({ namespace, itemId }),
};
