import { Hono } from 'hono';
import type { Component } from '../pipeline/kernel/component.ts';
import type {
  ConfigReader,
  ItemReader,
  ListReader,
  PopularReader,
  RefreshRequests,
} from '../pipeline/stores/serving.ts';
import { createActiveVersion } from './active-version.ts';
import { createCatalogView } from './catalog-view.ts';
import { catalogFeed } from './feeds/catalog-feed.ts';
import { configFeed } from './feeds/config-feed.ts';
import type { FeedEnvironment } from './feeds/follow-feed.ts';
import { popularityFeed } from './feeds/popularity-feed.ts';
import type { Impressions } from './impressions.ts';
import type { IdentityEnv } from './middleware/identity.ts';
import { createMeasure } from './middleware/request-metrics.ts';
import { createPopularityView } from './popularity-view.ts';
import { RecoWindow } from './reco-window.ts';
import { createPipeline } from './recommend/create-pipeline.ts';
import { createCursors } from './recommend/cursor.ts';
import { createDecoder } from './recommend/decode.ts';
import { createRetainedRequests } from './recommend/retained.ts';
import { createFindSimilar } from './recommend/similar.ts';
import { createRedisHealth } from './redis-health.ts';
import { recoMetricsRoutes } from './routes/reco-metrics.ts';
import { listRoute, recommendationRoutes } from './routes/recommendations.ts';
import { refreshRoutes } from './routes/refresh.ts';
import { requestsRoutes } from './routes/requests.ts';
import { rulesRoutes } from './routes/rules.ts';
import { similarRoutes } from './routes/similar.ts';
import type { Health } from './routes/status.ts';
import { createRulesView } from './rules-view.ts';
import { createSettingsView } from './settings-view.ts';

export interface ServingDeps extends FeedEnvironment {
  readonly lists: ListReader;
  readonly items: ItemReader;
  readonly configReader: ConfigReader;
  readonly popular: PopularReader;
  readonly refreshes: RefreshRequests;
  /** Where the process takes events, too. */
  readonly impressions?: Impressions | undefined;
  /** Of `GET /metrics/reco`. */
  readonly recoWindow: { readonly windowSeconds: number; readonly maxSamples: number };
  /** Signs cursors; processes that share it open each other's. */
  readonly cursorKey: Buffer;
  /** Answers whose inputs are kept, to be made again. */
  readonly retainedRequests: number;
  /** Answered from until `f:active` says another. */
  readonly stateVersion: number;
}

export interface Serving {
  /** The list routes; put behind a port by `composeApp`. */
  readonly app: Hono<IdentityEnv>;
  /** What keeps the views current; not ready until all are loaded. */
  readonly components: readonly Component[];
  /** Snapshots for `/healthz`. */
  health(): Health;
}

/** Views, feeds, request pipeline and list routes, from ports. Opens nothing by itself. */
export function createServing(deps: ServingDeps): Serving {
  const { lists, metrics, log, clock } = deps;
  const active = createActiveVersion(deps.stateVersion);
  const catalog = createCatalogView();
  const settings = createSettingsView();
  const rules = createRulesView();
  const popularity = createPopularityView();
  const health = createRedisHealth(log, metrics);
  const decoder = createDecoder((kind) => metrics.servingUndecodable.inc({ kind }));
  const popularFeed = popularityFeed(deps.popular, popularity, active, deps);
  const feeds = [
    catalogFeed(deps.items, catalog, deps),
    configFeed(deps.configReader, { settings, rules }, deps),
    popularFeed,
  ];
  const shared = { lists, active, catalog, health, decoder, clock };
  const retained = createRetainedRequests(deps.retainedRequests);
  const recommend = createPipeline({ ...shared, settings, rules, popularity, metrics, retained });
  const cursors = createCursors(deps.cursorKey);
  const window = new RecoWindow({ windowMs: deps.recoWindow.windowSeconds * 1_000, ...deps.recoWindow });
  const measure = createMeasure(metrics, clock, (route, status, tookMs) => {
    if (route === listRoute) window.add(clock.monotonic(), tookMs, status);
  });
  const loaded = () => feeds.every((feed) => feed.loaded());
  return {
    app: new Hono<IdentityEnv>()
      .route('/', recommendationRoutes({ ...deps, recommend, cursors, loaded, measure }))
      .route('/', requestsRoutes({ retained, measure, catalog, metrics }))
      .route('/', rulesRoutes({ recommend, cursors, rules, loaded, measure }))
      .route('/', refreshRoutes({ refreshes: deps.refreshes, active, measure, metrics }))
      .route('/', similarRoutes({ findSimilar: createFindSimilar({ ...shared, rules }), loaded, measure }))
      .route('/', recoMetricsRoutes({ ...deps.recoWindow, summary: () => window.summary(clock.monotonic()) })),
    components: feeds,
    health: () => ({
      redis: health.problem === undefined ? { ok: true } : { ok: false, problem: health.problem },
      catalog: { items: catalog.count() },
      feeds: Object.fromEntries(feeds.map((feed) => [feed.name, { loaded: feed.loaded() }])),
      state_version: active.current,
      loaded_versions: popularFeed.versions(),
    }),
  };
}
