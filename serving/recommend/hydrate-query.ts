import { surfaceSettings } from '../../pipeline/domain/settings.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { ListReader, UserValues } from '../../pipeline/stores/serving.ts';
import type { ActiveVersion } from '../active-version.ts';
import type { CatalogView, NamespaceItems } from '../catalog-view.ts';
import type { RedisHealth } from '../redis-health.ts';
import type { RulesView } from '../rules-view.ts';
import type { SettingsView } from '../settings-view.ts';
import { priceAllows, tagsAllow } from './constraints.ts';
import type { Decoder } from './decode.ts';
import type { RequestInputs } from './inputs.ts';
import { valuesOf } from './kept-values.ts';
import type { LastAnswers, RememberedAnswer } from './last-answers.ts';
import { ownedBy } from './owned.ts';
import type { Query, UserState } from './query.ts';
import type { QueryHydrator } from './roles.ts';
import { createRounds, type Rounds } from './rounds.ts';
import { seenBy } from './seen.ts';

const noBuffers: readonly (Buffer | null)[] = [];
const noNumbers: ReadonlySet<number> = new Set();
const absent: UserValues = { list: null, profile: null, recent: null };

export interface HydratorDeps {
  readonly lists: ListReader;
  readonly active: ActiveVersion;
  readonly catalog: CatalogView;
  readonly settings: SettingsView;
  readonly rules: RulesView;
  readonly lastAnswers: LastAnswers;
  readonly health: RedisHealth;
  readonly decoder: Decoder;
  readonly clock: Clock;
  /** The active version had changed, so that round 1 was repeated. */
  onRepeat(): void;
}

/**
 * Round 1: list, profile, recent events, the neighbours of context items and the active version, all in
 * one tick from the version known so far. If another version is active, the round is repeated once from
 * that one; the request then has no wait left for a second round.
 */
export function createHydrator(deps: HydratorDeps): QueryHydrator {
  return async function hydrateQuery(query) {
    const { namespace, surface } = query;
    const items = deps.catalog.items(namespace);
    const rounds = createRounds(deps.health);
    const settings = deps.settings.get(namespace);
    const { user, inputs } = await readUser(deps, query, rounds, known(items, query.contextItems));
    const askedAt = deps.clock.now();
    const moment = { surface, now: askedAt, items };
    const seen = seenBy(user.profile, user.recent);
    return {
      ...query,
      askedAt,
      user,
      rules: query.trial ? deps.rules.trial(namespace, moment, query.trial) : deps.rules.active(namespace, moment),
      settings: surfaceSettings(settings.settings, surface === '' ? 'default' : surface),
      configVersion: settings.revision,
      items,
      rounds,
      inputs: {
        ...{ ...inputs, settings, kept: undefined, latestNeighbours: undefined },
        ...{ popular: new Map(), lastAnswer: user.remembered },
      },
      seen: seen.items,
      current: seen.current,
      owned: ownedBy(user.profile, user.recent),
      tagsAllow: tagsAllow(query.constraints, items),
      priceAllows: priceAllows(query.constraints, items),
      excluded: query.excludeItems.length === 0 ? noNumbers : new Set(known(items, query.excludeItems)),
    };
  };
}

/** An answer from a version that is no longer active would mix two versions between one request and the next. */
const remembered = (answer: RememberedAnswer | undefined, version: number) =>
  answer?.version === version ? answer : undefined;

function known(items: NamespaceItems, itemIds: readonly string[]): number[] {
  return itemIds.flatMap((itemId) => items.numberOf(itemId) ?? []);
}

async function readUser(
  { lists, active, decoder, lastAnswers, onRepeat }: HydratorDeps,
  { namespace, userId, surface }: Query,
  rounds: Rounds,
  contextItems: readonly number[],
): Promise<{ readonly user: UserState; readonly inputs: Pick<RequestInputs, 'values' | 'contextNeighbours'> }> {
  const readRound = (version: number) =>
    rounds.ask(() =>
      Promise.all([
        lists.user(version, namespace, userId),
        lists.active(),
        contextItems.length === 0 ? noBuffers : lists.similar(version, namespace, contextItems),
      ]),
    );
  let version = active.current;
  let round = await readRound(version);
  if (round !== undefined) {
    active.observe(round[1]);
    if (active.current !== version) {
      version = active.current;
      onRepeat();
      round = await readRound(version);
    }
  }
  const answer = rounds.degraded ? remembered(lastAnswers.get(namespace, surface, userId), version) : undefined;
  const values = round?.[0] ?? (answer ? valuesOf(answer.values) : absent);
  const contextNeighbours = round?.[2] ?? noBuffers;
  const list = decoder.list(values.list);
  const user: UserState = {
    version,
    list: answer === undefined ? list : undefined,
    profile: decoder.profile(values.profile),
    recent: decoder.recent(values.recent),
    contextItems,
    contextNeighbours,
    remembered: answer,
    reflects: list?.reflects,
  };
  return { user, inputs: { values: round?.[0], contextNeighbours } };
}
