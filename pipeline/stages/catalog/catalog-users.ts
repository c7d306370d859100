import type { UserChanged } from '../../../schemas/generated/user-changed.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import type { StatelessStage } from '../../kernel/stage.ts';
import type { CatalogWriter, UserDocument, UserTraitsRef } from '../../stores/catalog.ts';
import { foldBatch, keyParts, type Reading } from './fold.ts';

export interface CatalogUsersDeps {
  readonly catalog: Pick<CatalogWriter, 'saveUsers'>;
}

/** Keeps users' traits and consent in Postgres, where enrichment looks them up. */
export function createCatalogUsers({ catalog }: CatalogUsersDeps): StatelessStage<UserChanged> {
  return {
    kind: 'stateless',
    name: 'catalog-users',
    consumes: [topics.userChanged],
    stateVersion: 0,
    async handle(batch) {
      const { changes, outcomes } = foldBatch(batch, users);
      await catalog.saveUsers(changes);
      return outcomes;
    },
  };
}

const users: Reading<UserChanged, UserTraitsRef, UserDocument> = {
  ref(key) {
    const [namespace, userId] = keyParts(key, 2) ?? [];
    return namespace === undefined || userId === undefined ? 'the key is not namespace|user' : { namespace, userId };
  },
  document: ({ receivedAt: _, ...document }) => document,
  refOf: ({ namespace, userId }) => ({ namespace, userId }),
};
