import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { ListReader } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { CatalogView } from '../catalog-view.ts';
import type { RedisHealth } from '../redis-health.ts';
import type { RulesView } from '../rules-view.ts';
import { type AnswerItem, answerItems } from './answer.ts';
import type { Decoder } from './decode.ts';
import { catalogueFilters } from './filters/catalogue.ts';
import { createRounds } from './rounds.ts';

export interface SimilarQuery {
  readonly namespace: string;
  readonly itemId: string;
  readonly limit: number;
}

export interface SimilarAnswer {
  readonly items: readonly AnswerItem[];
  readonly generatedAt: number;
  readonly stateVersion: number;
}

/** The item's neighbours, best first; 'unknown_item' where the catalogue has no such item, undefined while Redis is away. */
export type FindSimilar = (query: SimilarQuery) => Promise<SimilarAnswer | 'unknown_item' | undefined>;

export interface SimilarDeps {
  readonly lists: ListReader;
  readonly active: ActiveVersion;
  readonly catalog: CatalogView;
  readonly rules: Pick<RulesView, 'active'>;
  readonly health: RedisHealth;
  readonly decoder: Decoder;
  readonly clock: Clock;
}

/** Without a surface, `block` and `whitelist` count that are for every one. One wait, or two where another state version has become active. */
export function createFindSimilar({ lists, active, catalog, rules, health, decoder, clock }: SimilarDeps): FindSimilar {
  return async function findSimilar({ namespace, itemId, limit }) {
    const items = catalog.items(namespace);
    const number = items.numberOf(itemId);
    if (number === undefined) return 'unknown_item';
    const rounds = createRounds(health);
    const read = (version: number) =>
      rounds.ask(() => Promise.all([lists.similar(version, namespace, [number]), lists.active()]));
    let stateVersion = active.current;
    let round = await read(stateVersion);
    active.observe(round?.[1]);
    if (round !== undefined && active.current !== stateVersion) {
      stateVersion = active.current;
      round = await read(stateVersion);
    }
    if (round === undefined) return undefined;
    const askedAt = clock.now();
    const moment = { items, askedAt };
    const { blockedBy, isListed } = rules.active(namespace, { surface: '', now: askedAt, items });
    const isShown = (item: number) =>
      item !== number &&
      !catalogueFilters.some((filter) => filter.removes(item, moment)) &&
      blockedBy(item) === undefined &&
      isListed(item);
    const candidates = (decoder.neighbours(round[0][0] ?? null)?.candidates ?? [])
      .filter(({ item }) => isShown(item))
      .slice(0, limit)
      .map((candidate) => ({ ...candidate, because: candidate.because || number }));
    return { items: answerItems(candidates, items), generatedAt: askedAt, stateVersion };
  };
}
