import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { ListReader } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { CatalogView } from '../catalog-view.ts';
import type { PopularityView } from '../popularity-view.ts';
import type { RedisHealth } from '../redis-health.ts';
import type { RulesView } from '../rules-view.ts';
import type { SettingsView } from '../settings-view.ts';
import type { Decoder } from './decode.ts';
import { fallBelow } from './fall-below.ts';
import { catalogueFilters } from './filters/catalogue.ts';
import { price, tags } from './filters/constraints.ts';
import { bought, dismissed, inCart } from './filters/owned.ts';
import { current, excluded, seen } from './filters/request.ts';
import { blocked, listed } from './filters/rules.ts';
import { createHydrator } from './hydrate-query.ts';
import { createLastAnswers, type LastAnswers } from './last-answers.ts';
import { createRecommend, type Recommend } from './recommend.ts';
import type { RetainedRequests } from './retained.ts';
import { countSlate, rememberSlate } from './side-effects.ts';
import { createBlend } from './sources/blend.ts';
import { createLastKnownGoodSource } from './sources/last-known-good.ts';
import { createGlobalPopularSource, createSegmentPopularSource } from './sources/popular.ts';
import { createSessionSource } from './sources/session.ts';

export interface PipelineDeps {
  readonly lists: ListReader;
  readonly active: ActiveVersion;
  readonly catalog: CatalogView;
  readonly settings: SettingsView;
  readonly rules: RulesView;
  readonly popularity: PopularityView;
  readonly health: RedisHealth;
  readonly decoder: Decoder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly lastAnswers?: LastAnswers;
  /** Keeps what answers are made from; not where they are made again. */
  readonly retained?: RetainedRequests;
  /** False makes answers that nobody hears of. */
  readonly hasEffects?: boolean;
}

/** Every filter, cheapest and most telling first. */
const filters = [
  ...catalogueFilters,
  ...[excluded, current, seen, dismissed, bought, inCart, blocked, listed, price, tags],
];

/** The request pipeline with the product's own roles. */
export function createPipeline(deps: PipelineDeps): Recommend {
  const { lists, decoder, popularity, metrics, lastAnswers = createLastAnswers(), retained } = deps;
  const session = createSessionSource(lists, decoder);
  const segmentPopular = createSegmentPopularSource(popularity);
  const globalPopular = createGlobalPopularSource(popularity);
  const blended = createBlend([segmentPopular, globalPopular]);
  const below = [segmentPopular, globalPopular, createLastKnownGoodSource(lastAnswers)];
  const effects = [countSlate(metrics), rememberSlate(lastAnswers), ...(retained ? [retained.retain] : [])];
  return createRecommend({
    hydrate: createHydrator({ ...deps, lastAnswers, onRepeat: () => metrics.servingVersionRepeats.inc() }),
    sources: [blended, session, ...below],
    sourcesInContext: [session, blended, ...below],
    sourcesInMemory: [segmentPopular, globalPopular],
    filters,
    score: fallBelow,
    sideEffects: deps.hasEffects === false ? [] : effects,
  });
}
