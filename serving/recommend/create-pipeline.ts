import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Metrics } from '../../pipeline/kernel/metrics.ts';
import type { ListReader } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { CatalogView } from '../catalog-view.ts';
import type { PopularityView } from '../popularity-view.ts';
import type { RedisHealth } from '../redis-health.ts';
import type { SettingsView } from '../settings-view.ts';
import type { Decoder } from './decode.ts';
import { fallBelow } from './fall-below.ts';
import { catalogueFilters } from './filters/catalogue.ts';
import { price, tags } from './filters/constraints.ts';
import { bought, dismissed, inCart } from './filters/owned.ts';
import { current, excluded, seen } from './filters/request.ts';
import { createHydrator } from './hydrate-query.ts';
import { createLastAnswers, type LastAnswers } from './last-answers.ts';
import { createRecommend, type Recommend } from './recommend.ts';
import { countSlate, rememberSlate } from './side-effects.ts';
import { createLastKnownGoodSource } from './sources/last-known-good.ts';
import { personal } from './sources/personal.ts';
import { createGlobalPopularSource, createSegmentPopularSource } from './sources/popular.ts';
import { createSessionSource } from './sources/session.ts';

export interface PipelineDeps {
  readonly lists: ListReader;
  readonly active: ActiveVersion;
  readonly catalog: CatalogView;
  readonly settings: SettingsView;
  readonly popularity: PopularityView;
  readonly health: RedisHealth;
  readonly decoder: Decoder;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly lastAnswers?: LastAnswers;
}

/** Every filter, cheapest and most telling first. */
const filters = [...catalogueFilters, excluded, current, seen, dismissed, bought, inCart, price, tags];

/** The request pipeline with the product's own roles. */
export function createPipeline(deps: PipelineDeps): Recommend {
  const { lists, decoder, popularity, metrics, lastAnswers = createLastAnswers() } = deps;
  const session = createSessionSource(lists, decoder);
  const below = [
    createSegmentPopularSource(popularity),
    createGlobalPopularSource(popularity),
    createLastKnownGoodSource(lastAnswers),
  ];
  return createRecommend({
    hydrate: createHydrator({ ...deps, lastAnswers, onRepeat: () => metrics.servingVersionRepeats.inc() }),
    sources: [personal, session, ...below],
    sourcesInContext: [session, personal, ...below],
    filters,
    score: fallBelow,
    sideEffects: [countSlate(metrics), rememberSlate(lastAnswers)],
  });
}
