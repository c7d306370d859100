import { Writable } from 'node:stream';
import { dayOf } from '../../pipeline/domain/day.ts';
import type { ItemAttributes } from '../../pipeline/domain/item-attributes.ts';
import { type PackedCandidate, packList, type Reflects, sourceBit } from '../../pipeline/domain/packed-list.ts';
import { type BoughtItem, type ProfileSummary, packProfile } from '../../pipeline/domain/packed-profile.ts';
import { packRecent, type RecentEvent } from '../../pipeline/domain/packed-recent.ts';
import type { StatedRule } from '../../pipeline/domain/rule.ts';
import { defaultSettings, namespaceSettingsSchema, type SurfaceSettings } from '../../pipeline/domain/settings.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import type { ListReader } from '../../pipeline/stores/serving.ts';
import { createActiveVersion } from '../../serving/active-version.ts';
import { createCatalogView } from '../../serving/catalog-view.ts';
import { type ComposeOptions, composeApp } from '../../serving/compose-app.ts';
import type { Impressions } from '../../serving/impressions.ts';
import { createMeasure } from '../../serving/middleware/request-metrics.ts';
import { createPopularityView } from '../../serving/popularity-view.ts';
import { noConstraints } from '../../serving/recommend/constraints.ts';
import { createPipeline } from '../../serving/recommend/create-pipeline.ts';
import { createCursors } from '../../serving/recommend/cursor.ts';
import { createDecoder } from '../../serving/recommend/decode.ts';
import type { Query } from '../../serving/recommend/query.ts';
import { createRetainedRequests } from '../../serving/recommend/retained.ts';
import { createFindSimilar } from '../../serving/recommend/similar.ts';
import { createRedisHealth } from '../../serving/redis-health.ts';
import { recommendationRoutes } from '../../serving/routes/recommendations.ts';
import { requestsRoutes } from '../../serving/routes/requests.ts';
import { rulesRoutes } from '../../serving/routes/rules.ts';
import { similarRoutes } from '../../serving/routes/similar.ts';
import { createRulesView } from '../../serving/rules-view.ts';
import { createSettingsView } from '../../serving/settings-view.ts';

/** The instant at which every request of a harness is asked. */
export const askedAt = Date.UTC(2026, 0, 31, 12);

export const stillClock: Clock = { now: () => askedAt, monotonic: () => 0, sleep: async () => {} };
export const quietLog = createLogger('error', new Writable({ write: (_chunk, _encoding, done) => done() }));

export const query = (over: Partial<Query> = {}): Query => ({
  requestId: 'r1',
  namespace: 'shop',
  userId: 'u1',
  surface: 'home',
  limit: 3,
  explain: false,
  logImpression: false,
  contextItems: [],
  excludeItems: [],
  constraints: noConstraints,
  page: undefined,
  trial: undefined,
  ...over,
});

/** Candidates of one source with falling scores from `top`. */
export const candidates = (items: readonly number[], top = 1, over: Partial<PackedCandidate> = {}): PackedCandidate[] =>
  items.map((item, index) => ({
    item,
    score: top / (index + 1),
    sources: sourceBit('session-knn'),
    because: 0,
    ...over,
  }));

export const list = (items: readonly PackedCandidate[], reflects?: Reflects): Buffer =>
  packList({ computedAt: askedAt - 100, reflects, candidates: items });

interface ProfileOver extends Partial<Omit<ProfileSummary, 'bought'>> {
  /** A number stands for an item bought today. */
  readonly bought?: readonly (number | BoughtItem)[];
}

export const profile = (session: readonly RecentEvent[], { bought = [], ...over }: ProfileOver = {}): Buffer =>
  packProfile({
    ...{ segment: 'home|de', locale: 'de', session, dismissed: [], inCart: [], affinity: [], ...over },
    bought: bought.map((one) => (typeof one === 'number' ? { item: one, day: dayOf(askedAt) } : one)),
  });

export const recent = (...events: readonly RecentEvent[]): Buffer => packRecent(events);

/** Clicks on items, a second apart, the last one a second ago. */
export const clicks = (...items: readonly number[]): RecentEvent[] =>
  items.map((item, index) => ({ item, type: 1, occurredAt: askedAt - 1_000 * (items.length - index) }));

/** Redis as requests see it: values by `version/key`, and a count of waits; calls of one tick are one wait. */
export function createFakeLists() {
  const values = new Map<string, Buffer>();
  const state = { waits: 0, outstanding: 0, away: false, active: 1 as number | undefined };
  async function reply<T>(read: () => T): Promise<T> {
    if (state.outstanding === 0) state.waits += 1;
    state.outstanding += 1;
    await new Promise((resolve) => setImmediate(resolve));
    state.outstanding -= 1;
    if (state.away) throw new TransientError('redis_unavailable', 'is away');
    return read();
  }
  const reader: ListReader = {
    user: (version, namespace, userId) =>
      reply(() => ({
        list: values.get(`${version}/list/${namespace}/${userId}`) ?? null,
        profile: values.get(`${version}/profile/${namespace}/${userId}`) ?? null,
        recent: values.get(`recent/${namespace}/${userId}`) ?? null,
      })),
    similar: (version, namespace, items) =>
      reply(() => items.map((item) => values.get(`${version}/similar/${namespace}/${item}`) ?? null)),
    active: () => reply(() => state.active),
  };
  return { reader, values, state };
}

/** The whole request pipeline over fake Redis values, with items 1 to 50 (`i1` …) in the catalogue. */
export function createServingHarness() {
  const { reader: lists, values, state: redis } = createFakeLists();
  const metrics = createMetrics();
  const catalog = createCatalogView();
  const settings = createSettingsView();
  const rules = createRulesView();
  const retained = createRetainedRequests(100);
  const popularity = createPopularityView();
  const active = createActiveVersion(1);
  const health = createRedisHealth(quietLog, metrics);
  const decoder = createDecoder((kind) => metrics.servingUndecodable.inc({ kind }));
  const setItem = (number: number, over: Partial<ItemAttributes> = {}, namespace = 'shop') =>
    catalog.set(namespace, number, {
      ...{ itemId: `i${number}`, available: true, archivedAt: null, price: null, currency: null },
      ...{ tags: [], parentId: null, publishedAt: null },
      ...over,
    });
  for (let number = 1; number <= 50; number += 1) setItem(number);
  const shared = { lists, active, catalog, health, decoder, clock: stillClock };
  return {
    recommend: createPipeline({ ...shared, settings, rules, popularity, metrics, retained }),
    findSimilar: createFindSimilar({ ...shared, rules }),
    rules,
    retained,
    catalog,
    redis,
    metrics,
    active,
    popularity,
    setItem,
    setUser(value: { list?: Buffer; profile?: Buffer; recent?: Buffer }, { version = 1, userId = 'u1' } = {}) {
      if (value.list) values.set(`${version}/list/shop/${userId}`, value.list);
      if (value.profile) values.set(`${version}/profile/shop/${userId}`, value.profile);
      if (value.recent) values.set(`recent/shop/${userId}`, value.recent);
    },
    dropUser: (userId = 'u1') => {
      for (const key of values.keys()) if (key.endsWith(`/${userId}`)) values.delete(key);
    },
    setSimilar: (item: number, bytes: Buffer, version = 1) => values.set(`${version}/similar/shop/${item}`, bytes),
    setPopular: (segment: string, items: readonly number[], version = 1) =>
      popularity.set(version, 'shop', segment, candidates(items, 500, { sources: sourceBit('popular') })),
    cursors: createCursors(Buffer.from('k'.repeat(32))),
    setRules: (...stated: readonly StatedRule[]) => rules.set('shop', stated),
    setSurface: (name: string, rules: Partial<SurfaceSettings>) =>
      settings.set('shop', {
        revision: 7,
        settings: namespaceSettingsSchema.parse({ ...defaultSettings, surfaces: { [name]: rules } }),
      }),
    async counted(
      name: 'servingFiltered' | 'servingFallbacks' | 'servingUndecodable',
    ): Promise<Record<string, number>> {
      const { values: counts } = await metrics[name].get();
      return Object.fromEntries(counts.map(({ labels, value }) => [String(Object.values(labels)[0]), value]));
    },
  };
}

export type ServingHarness = ReturnType<typeof createServingHarness>;

/** The list routes behind the product's own front, over a harness; `loaded` says whether views are. */
export function createServingApp(
  harness: ServingHarness,
  loaded: () => boolean = () => true,
  access?: ComposeOptions['access'],
  impressions?: Impressions,
) {
  const { metrics, recommend, cursors, rules, retained, catalog, findSimilar } = harness;
  const measure = createMeasure(metrics, stillClock);
  let made = 0;
  return composeApp({
    apps: [
      recommendationRoutes({ recommend, cursors, clock: stillClock, loaded, measure, impressions }),
      requestsRoutes({ retained, measure, catalog, metrics }),
      rulesRoutes({ recommend, cursors, rules, loaded, measure }),
      similarRoutes({ findSimilar, loaded, measure }),
    ],
    metrics,
    log: quietLog,
    makeId: () => `made-${++made}`,
    ...(access ? { access } : {}),
  });
}
