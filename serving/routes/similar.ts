import { Hono } from 'hono';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import type { FindSimilar } from '../recommend/similar.ts';
import { QueryFields } from './query-fields.ts';
import { notLoaded, refuse, refuseFields } from './refuse.ts';

export interface SimilarRouteDeps {
  readonly measure: Measure;
  readonly findSimilar: FindSimilar;
  /** False until the views in memory are loaded: before, an item that is not there may only not be there yet. */
  readonly loaded: () => boolean;
}

/** `GET /v1/items/{id}/similar`: neighbours of an item, best first; an empty list where it has none yet. */
export function similarRoutes({ findSimilar, loaded, measure }: SimilarRouteDeps): Hono<IdentityEnv> {
  return new Hono<IdentityEnv>().get('/v1/items/:id/similar', measure('items/similar'), async (c) => {
    const fields = new QueryFields(c);
    const query = { itemId: fields.pathId('id', 2), namespace: fields.namespace(), limit: fields.limit() };
    if (fields.problems.length > 0) return refuseFields(c, fields.problems);
    if (!loaded()) return refuse(c, notLoaded);
    const found = await findSimilar(query);
    if (found === 'unknown_item') {
      return refuse(c, {
        status: 404,
        code: 'unknown_item',
        detail: 'The catalogue has no such item in this namespace.',
      });
    }
    if (found === undefined) {
      const detail = 'Lists are away for now. Repeat the request after Retry-After.';
      return refuse(c, { status: 503, code: 'no_list', detail, retryAfterSeconds: 1 });
    }
    return c.json({
      request_id: c.get('identity').requestId,
      item_id: query.itemId,
      items: found.items,
      generated_at: found.generatedAt,
      state_version: found.stateVersion,
    });
  });
}
