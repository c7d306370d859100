import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { userKey } from '../../domain/keys.ts';
import { segmentOf } from '../../domain/segment.ts';
import { deadLetter, emit, type Outcome, skip } from '../../kernel/outcome.ts';
import type { Delivery, StatelessStage } from '../../kernel/stage.ts';
import type { CatalogReader, KnownItem, KnownUser, LookUpKey } from '../../stores/catalog.ts';

export interface EnrichmentDeps {
  readonly catalog: CatalogReader;
  /** What becomes of an interaction whose item the catalogue does not know. */
  readonly unknownItems: 'accept' | 'dead_letter';
}

/**
 * Joins each interaction with its catalogue item and its user, so that no later stage reads the catalogue and a
 * rebuild of state sees what the live one saw. Two look-ups a batch. Output has the input's key, and the topics
 * have the same partitions, so a user's order is kept.
 */
export function createEnrichment(deps: EnrichmentDeps): StatelessStage<InteractionRecorded, InteractionEnriched> {
  const { catalog, unknownItems } = deps;
  return {
    kind: 'stateless',
    name: 'enrichment',
    consumes: [topics.interactionRecorded],
    produces: topics.interactionEnriched,
    stateVersion: 0,
    async handle(batch) {
      const found = await lookUp(catalog, batch);
      return batch.map((delivery) => enrich(delivery, found, unknownItems));
    },
  };
}

interface Found {
  readonly items: ReadonlyMap<LookUpKey, KnownItem>;
  readonly users: ReadonlyMap<LookUpKey, KnownUser>;
}

async function lookUp(catalog: CatalogReader, batch: readonly Delivery<InteractionRecorded>[]): Promise<Found> {
  const items = new Map<LookUpKey, { namespace: string; itemId: string }>();
  const users = new Map<LookUpKey, { namespace: string; userId: string }>();
  for (const { value } of batch) {
    if (value === null) continue;
    const { namespace, itemId, userId } = value;
    users.set(`${namespace}|${userId}`, { namespace, userId });
    if (itemId !== null) items.set(`${namespace}|${itemId}`, { namespace, itemId });
  }
  const [foundItems, foundUsers] = await Promise.all([
    catalog.findItems([...items.values()]),
    catalog.findUsers([...users.values()]),
  ]);
  return { items: foundItems, users: foundUsers };
}

function enrich(
  { value, key }: Delivery<InteractionRecorded>,
  { items, users }: Found,
  unknownItems: EnrichmentDeps['unknownItems'],
): Outcome<InteractionEnriched> {
  if (value === null) return skip('tombstone');
  const { namespace, itemId, userId, eventId, occurredAt, context } = value;
  const item = itemId === null ? undefined : items.get(`${namespace}|${itemId}`);
  if (itemId !== null && !item && unknownItems === 'dead_letter') {
    return deadLetter('unknown_item', 'the catalogue does not know the item');
  }
  const locale = users.get(`${namespace}|${userId}`)?.traits.locale ?? null;
  const joined = {
    itemKnown: item !== undefined,
    tags: item?.tags ?? [],
    locale,
    segment: segmentOf(context?.surface, locale),
  };
  return emit({ key: key ?? userKey(namespace, userId), value: { ...value, ...joined }, eventId, occurredAt });
}
