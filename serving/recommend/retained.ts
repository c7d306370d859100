import { Generations } from '../generations.ts';
import { keptInputs, type RequestInputs } from './inputs.ts';
import type { HydratedQuery, Query, Slate } from './query.ts';
import type { ActiveRules } from './rules/compile.ts';

/** Everything that one answer was made from, but for the catalogue, which is too large to be kept for each. */
export interface RetainedRequest {
  readonly query: Query;
  readonly askedAt: number;
  readonly version: number;
  readonly inputs: RequestInputs;
  /** Redis failed while it was made. */
  readonly degraded: boolean;
  readonly rules: ActiveRules;
  /** `changes` of the namespace's items when the answer was made. */
  readonly catalogChanges: number;
  /** Item numbers of the answer. */
  readonly answered: readonly number[];
}

/** The newest answers' inputs, in process memory: some 4 KiB each, `capacity` of them at least and twice as many at most. */
export interface RetainedRequests {
  readonly capacity: number;
  retain(slate: Slate): void;
  /** The page that begins behind `offset` items; undefined where it is not, or no longer, retained. */
  find(requestId: string, offset: number): RetainedRequest | undefined;
}

export function createRetainedRequests(capacity: number): RetainedRequests {
  const requests = new Generations<RetainedRequest>(capacity);
  const keyOf = (requestId: string, offset: number) => `${offset} ${requestId}`;
  return {
    capacity,
    retain(slate) {
      if (capacity === 0) return;
      const { query } = slate;
      requests.set(keyOf(query.page?.requestId ?? query.requestId, query.page?.offset ?? 0), retained(slate));
    },
    find: (requestId, offset) => requests.get(keyOf(requestId, offset)),
  };
}

function retained({ query, items }: Slate): RetainedRequest {
  return {
    query: asked(query),
    askedAt: query.askedAt,
    version: query.user.version,
    inputs: copied(query.inputs),
    degraded: query.rounds.degraded,
    rules: query.rules,
    catalogChanges: query.settings.fresh === null ? query.items.changes : query.items.newestChanges,
    answered: items.map(({ item }) => item),
  };
}

/** The members of a query, without what the pipeline has added. */
function asked(query: HydratedQuery): Query {
  const { requestId, namespace, userId, surface, limit, contextItems, excludeItems, constraints, page } = query;
  const whole = { requestId, namespace, userId, surface, limit, contextItems, excludeItems, constraints, page };
  return { ...whole, explain: true, logImpression: false, trial: undefined };
}

const copy = (bytes: Buffer | null) => bytes && Buffer.from(bytes);

function copied(inputs: RequestInputs): RequestInputs {
  return {
    settings: inputs.settings,
    kept: keptInputs(inputs),
    values: undefined,
    contextNeighbours: inputs.contextNeighbours.map(copy),
    latestNeighbours: inputs.latestNeighbours?.map(copy),
    popular: inputs.popular,
    lastAnswer: inputs.lastAnswer,
  };
}
