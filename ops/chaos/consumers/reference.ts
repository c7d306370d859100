import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';

/** Limits of the reference; the same names as the stage's settings. */
export interface ReferenceLimits {
  readonly sessionGapMs: number;
  readonly sessionItemCap: number;
  readonly historySize: number;
  readonly affinityDays: number;
  readonly affinityLimit: number;
  readonly itemSetLimit: number;
}

type Event = InteractionEnriched;
const byEventTime = (a: Event, b: Event) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1);
const byReceipt = (a: Event, b: Event) => a.receivedAt - b.receivedAt || (a.eventId < b.eventId ? -1 : 1);
const shown = (e: Event) => e.type === 'view' && !!e.context?.widget && e.context.surface !== 'pdp';

/**
 * What a user's state has to be, from all of the user's events at once, each once. It shares no code with
 * the stage and is written to be read: sort, group, cut.
 */
export function referenceUser(all: readonly Event[], limits: ReferenceLimits) {
  const allowed = all.filter((e) => e.consent !== 'none').sort(byReceipt);
  const last = allowed.at(-1);
  if (!last) return undefined;
  const full = allowed.filter((e) => e.consent === 'full');
  const interest = full.filter((e) => !shown(e)).sort(byEventTime);
  const sessions = referenceSessions(interest, limits);
  const current = sessions.toSorted((a, b) => byEventTime(a.last, b.last)).at(-1);
  const bought = latestByItem(allowed, 'purchase', limits.itemSetLimit);
  const added = latestByItem(allowed, 'add', limits.itemSetLimit);
  const horizon = bought.length < limits.itemSetLimit ? -Infinity : Math.min(...bought.map(([, at]) => at));
  const purchasedAt = new Map(bought);
  return {
    lastEvent: { eventId: last.eventId, receivedAt: last.receivedAt, occurredAt: last.occurredAt },
    anonymous: last.anonymous,
    locale: full.at(-1)?.locale ?? null,
    segment: full.at(-1)?.segment ?? '|',
    currentSession: current?.sessionId ?? null,
    recent: interest
      .filter((e) => e.itemId)
      .slice(-limits.historySize)
      .map(brief)
      .reverse(),
    bought,
    dismissed: latestByItem(allowed, 'dismiss', limits.itemSetLimit),
    inCart: added.filter(([item, at]) => at > horizon && at > (purchasedAt.get(item) ?? -Infinity)),
    affinity: referenceAffinity(interest, limits),
    sessions: sessions
      .map(({ sessionId, first, last: end, events }) => ({
        sessionId,
        firstOccurredAt: first.occurredAt,
        lastOccurredAt: end.occurredAt,
        items: events
          .filter((e) => e.itemId)
          .slice(-limits.sessionItemCap)
          .map(brief),
      }))
      .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
  };
}

const brief = (e: Event) => ({ itemId: e.itemId as string, type: e.type, occurredAt: e.occurredAt });

function referenceSessions(sorted: readonly Event[], { sessionGapMs }: ReferenceLimits) {
  const groups = new Map<string, Event[]>();
  let open: Event[] = [];
  for (const event of sorted) {
    if (event.sessionId !== null) {
      const id = `c:${event.sessionId}`;
      const group = groups.get(id);
      if (group) group.push(event);
      else groups.set(id, [event]);
      continue;
    }
    const previous = open.at(-1);
    if (!previous || event.occurredAt - previous.occurredAt > sessionGapMs) {
      open = [];
      groups.set(`g:${event.occurredAt}:${event.eventId}`, open);
    }
    open.push(event);
  }
  return [...groups].map(([sessionId, events]) => ({
    sessionId,
    events,
    first: events[0] as Event,
    last: events.at(-1) as Event,
  }));
}

function latestByItem(events: readonly Event[], type: Event['type'], limit: number): [string, number][] {
  const latest = new Map<string, number>();
  for (const e of events) {
    if (e.type === type && e.itemId) latest.set(e.itemId, Math.max(e.occurredAt, latest.get(e.itemId) ?? -Infinity));
  }
  return [...latest].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limit);
}

const order = ['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss'];

function referenceAffinity(interest: readonly Event[], { affinityDays, affinityLimit }: ReferenceLimits) {
  const rows = interest
    .filter((e) => e.itemId)
    .flatMap((e) =>
      [...new Set(e.tags)].map((tag) => ({ day: Math.floor(e.occurredAt / 86_400_000), tag, type: e.type })),
    );
  const newest = Math.max(...rows.map(({ day }) => day));
  const counts = new Map<string, { day: number; tag: string; type: Event['type']; count: number }>();
  for (const row of rows) {
    if (row.day <= newest - affinityDays) continue;
    const key = JSON.stringify(row);
    counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()]
    .sort(
      (a, b) =>
        b.day - a.day || (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : order.indexOf(a.type) - order.indexOf(b.type)),
    )
    .slice(0, affinityLimit);
}

/** Counts by hour, segment, item and type, summed over source partitions. */
export function referenceActivity(all: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const e of all) {
    if (!e.itemId || shown(e)) continue;
    const key = [e.namespace, Math.floor(e.occurredAt / 3_600_000), e.segment, e.itemId, e.type].join(' ');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** A row of what was shown and acted upon, whichever input it came by. */
export interface ReferenceExposure {
  readonly namespace: string;
  readonly userId: string;
  readonly itemId: string;
  readonly eventId: string;
  readonly kind: 'shown' | 'acted';
  readonly requestId: string | null;
  readonly position: number | null;
  readonly sources: readonly string[] | null;
  readonly variant: string | null;
  readonly occurredAt: number;
}

/** Only full consent leaves a trace: slates item by item, items seen in widgets, and the acts that may answer them. */
export function referenceExposures(
  interactions: readonly Event[],
  impressions: readonly ImpressionRecorded[],
): ReferenceExposure[] {
  const slates = impressions.filter((slate) => slate.consent === 'full');
  const events = interactions.filter((e) => e.consent === 'full' && e.itemId);
  return [
    ...slates.flatMap(({ namespace, userId, eventId, requestId, variant, occurredAt, items }) =>
      items.map(({ itemId, position, sources }) => {
        const row = { namespace, userId, itemId, eventId, requestId, position, sources, variant, occurredAt };
        return { ...row, kind: 'shown' as const };
      }),
    ),
    ...events
      .filter((e) => shown(e) || ['click', 'watch', 'purchase'].includes(e.type))
      .map((e) => ({
        namespace: e.namespace,
        userId: e.userId,
        itemId: e.itemId as string,
        eventId: e.eventId,
        kind: shown(e) ? ('shown' as const) : ('acted' as const),
        requestId: e.requestId,
        position: e.context?.rank ?? null,
        sources: null,
        variant: e.context?.abBucket ?? null,
        occurredAt: e.occurredAt,
      })),
  ];
}
