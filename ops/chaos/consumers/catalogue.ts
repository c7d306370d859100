import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../../pipeline/stores/postgres/database.ts';
import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import type { Door } from '../../demo/door.ts';
import type { Draft, SlateDraft } from './drafts.ts';
import { itemIds, namespaces, userIds } from './population.ts';

/** A quarter of the items is unknown to the catalogue, a third of the users too. */
const knownItems = itemIds.filter((_, n) => n % 4 !== 3);
const knownUsers = userIds.filter((_, n) => n % 3 !== 2);
const tagsOf = (itemId: string): string[] => {
  const n = itemIds.indexOf(itemId);
  return [`brand:b${n % 3}`, `genre:g ${n % 5}`.replace(' ', '-'), ...(n % 2 ? ['new'] : [])];
};
const localeOf = (userId: string): string => ['de', 'fr', 'pt-BR'][userIds.indexOf(userId) % 3] as string;

/** Upserts items and users and waits until they are projected: they stay as they are for the whole run. */
export async function installCatalogue(door: Door, database: Database): Promise<void> {
  for (const namespace of namespaces) {
    await door.post('/v1/items:upsert', {
      items: knownItems.map((item_id) => ({ namespace, item_id, revision: 1, tags: tagsOf(item_id) })),
    });
    await door.post('/v1/users:upsert', {
      users: knownUsers.map((user_id) => ({ namespace, user_id, revision: 1, traits: { locale: localeOf(user_id) } })),
    });
  }
  const expected = namespaces.length * (knownItems.length + knownUsers.length);
  for (;;) {
    const text = 'SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM "user") AS count';
    const [row] = await database.query<{ count: bigint }>({ text });
    if (Number(row?.count) === expected) return;
    await delay(50);
  }
}

/** What a draft has to be once it was accepted and joined with the catalogue; `receivedAt` is the server's. */
export function enrichedOf(draft: Draft, receivedAt: number): InteractionEnriched {
  const full = draft.consent === 'full';
  const given = full ? draft.context : null;
  const context = given && Object.values(given).some((value) => value !== null) ? given : null;
  const known = draft.item_id !== null && knownItems.includes(draft.item_id);
  const locale = knownUsers.includes(draft.user_id) ? localeOf(draft.user_id) : null;
  const text = (name: string) => (context?.[name] as string | undefined) ?? null;
  return {
    eventId: draft.event_id,
    namespace: draft.namespace,
    userId: draft.user_id,
    anonymous: draft.anonymous,
    sessionId: draft.session_id,
    requestId: draft.request_id,
    itemId: draft.item_id,
    type: draft.type,
    value: draft.value,
    occurredAt: draft.occurred_at,
    receivedAt,
    consent: draft.consent,
    context: context && {
      surface: text('surface'),
      widget: text('widget'),
      rank: (context.rank as number | undefined) ?? null,
      recommended: null,
      referrer: null,
      href: null,
      text: null,
      experiment: null,
      abBucket: text('ab_bucket'),
      kind: text('kind'),
    },
    commerce: null, // neither this nor what follows leaves a trace in state
    order: null,
    watch: null,
    properties: {},
    trace: null,
    itemKnown: known,
    tags: known ? tagsOf(draft.item_id as string) : [],
    locale,
    segment: `${(text('surface') ?? '').replaceAll('|', '_')}|${locale ?? ''}`,
  };
}

export function impressionOf(slate: SlateDraft, receivedAt: number): ImpressionRecorded {
  return {
    eventId: slate.event_id,
    namespace: slate.namespace,
    userId: slate.user_id,
    anonymous: false,
    sessionId: null,
    requestId: slate.request_id,
    surface: slate.surface,
    occurredAt: slate.occurred_at,
    receivedAt,
    consent: slate.consent,
    items: slate.items.map(({ item_id, position, sources }) => ({ itemId: item_id, position, sources })),
    variant: slate.variant,
    propensity: null,
    stateVersion: null,
    trace: null,
  };
}
