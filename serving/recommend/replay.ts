import { TransientError } from '../../pipeline/kernel/errors.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { ListReader } from '../../pipeline/stores/serving.ts';
import { createActiveVersion } from '../active-version.ts';
import type { CatalogView } from '../catalog-view.ts';
import { createPopularityView } from '../popularity-view.ts';
import { createPipeline } from './create-pipeline.ts';
import { createDecoder } from './decode.ts';
import { valuesOf } from './kept-values.ts';
import type { Slate } from './query.ts';
import type { RetainedRequest } from './retained.ts';

export interface Replay {
  readonly slate: Slate | undefined;
  /** The same items in the same order as were answered. */
  readonly isSame: boolean;
  /** The catalogue of the namespace has changed since: filters look at what it says today. */
  readonly isCatalogChanged: boolean;
}

export interface ReplayDeps {
  readonly catalog: CatalogView;
  readonly metrics: Metrics;
}

const ignored = () => undefined;

/**
 * Makes a past answer again from what it was made from: the bytes of Redis, settings, rules, popular lists and the
 * time of then. Deterministic; only the catalogue is today's. Asks Redis nothing and leaves no trace.
 */
export async function replay(request: RetainedRequest, { catalog, metrics }: ReplayDeps): Promise<Replay> {
  const { query, inputs, askedAt, version, rules, answered } = request;
  const popularity = createPopularityView();
  for (const [segment, list] of inputs.popular) popularity.set(version, query.namespace, segment, list);
  const recommend = createPipeline({
    ...{ catalog, popularity, metrics, hasEffects: false },
    lists: tapeOf(request),
    active: createActiveVersion(version),
    settings: { get: () => inputs.settings, set: ignored },
    rules: { active: () => rules, trial: () => rules, stated: () => [], set: ignored },
    health: { problem: undefined, mayAsk: () => true, answered: ignored, failed: ignored },
    decoder: createDecoder(ignored),
    clock: { now: () => askedAt, monotonic: () => askedAt, sleep: async () => undefined },
    lastAnswers: { get: () => inputs.lastAnswer, put: ignored, forget: ignored },
  });
  const slate = await recommend(query);
  const items = slate?.items.map(({ item }) => item) ?? [];
  return {
    slate,
    isSame: items.length === answered.length && items.every((item, at) => item === answered[at]),
    isCatalogChanged: catalog.items(query.namespace).changes !== request.catalogChanges,
  };
}

/** Answers what Redis answered then; where it failed, fails. */
function tapeOf({ inputs, degraded, version }: RetainedRequest): ListReader {
  const away = () => new TransientError('redis_unavailable', 'was away when this was answered');
  let isFirst = inputs.contextNeighbours.length > 0;
  return {
    async user() {
      if (inputs.kept === undefined) throw away();
      return valuesOf(inputs.kept);
    },
    active: async () => version,
    async similar(_version, _namespace, items) {
      if (isFirst) {
        isFirst = false;
        return inputs.contextNeighbours;
      }
      if (inputs.latestNeighbours === undefined && degraded) throw away();
      return inputs.latestNeighbours ?? items.map(() => null); // its waits were spent: it was not asked
    },
  };
}
