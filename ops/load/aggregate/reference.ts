import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';

type Event = InteractionEnriched;

/** The settings of a state version as migrations write them. */
const gapMs = 1_800_000;
const kept = 200;
const days = 90;
const keptItems = 500;
const keptCounts = 2_000;

const inEventTime = (a: Event, b: Event) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1);
const inReceipt = (a: Event, b: Event) => a.receivedAt - b.receivedAt || (a.eventId < b.eventId ? -1 : 1);
const isShown = (e: Event) => e.type === 'view' && e.context?.widget != null && e.context.surface !== 'pdp';
const brief = (e: Event) => ({ itemId: e.itemId, type: e.type, occurredAt: e.occurredAt });

/** An item counts where it was touched and not merely shown, whatever the consent. */
export function activityKey(e: Event): string | undefined {
  if (e.itemId === null || isShown(e)) return undefined;
  return `${Math.floor(e.occurredAt / 3_600_000)} ${e.segment} ${e.itemId} ${e.type}`;
}

export interface ReferenceSession {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly items: readonly object[];
}

/** Sorted events cut where nothing happened for longer than the gap; those with a client's id go by that. */
function sessionsOf(sorted: readonly Event[]): ReferenceSession[] {
  const groups = new Map<string, Event[]>();
  let group: Event[] = [];
  for (const e of sorted) {
    if (e.sessionId !== null) {
      const id = `c:${e.sessionId}`;
      groups.set(id, [...(groups.get(id) ?? []), e]);
      continue;
    }
    const before = group.at(-1);
    if (!before || e.occurredAt - before.occurredAt > gapMs) {
      group = [];
      groups.set(`g:${e.occurredAt}:${e.eventId}`, group);
    }
    group.push(e);
  }
  return [...groups].map(([id, all]) => ({
    id,
    from: all[0]?.occurredAt ?? 0,
    to: all.at(-1)?.occurredAt ?? 0,
    items: all.slice(-kept).map(brief),
  }));
}

const smallerFirst = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Items by their newest event of a type; the newest of them, where there are too many. */
function newestByItem(all: readonly Event[], type: Event['type']): Record<string, number> {
  const times = new Map<string, number>();
  for (const e of all) {
    if (e.type === type && e.itemId) times.set(e.itemId, Math.max(times.get(e.itemId) ?? 0, e.occurredAt));
  }
  const sorted = [...times].sort(([a, x], [b, y]) => y - x || smallerFirst(a, b));
  return Object.fromEntries(sorted.slice(0, keptItems));
}

/** Items added after they were last bought; where purchases were cut, only what is newer than all that are left. */
function inCart(known: readonly Event[], bought: Record<string, number>): Record<string, number> {
  const times = Object.values(bought);
  const since = times.length < keptItems ? 0 : Math.min(...times);
  const added = Object.entries(newestByItem(known, 'add'));
  return Object.fromEntries(added.filter(([item, at]) => at > since && at > (bought[item] ?? 0)));
}

const types = ['view', 'click', 'add', 'purchase', 'custom', 'watch', 'like', 'rating', 'dismiss'];

function affinityOf(interest: readonly Event[]): Record<string, number> {
  const dayOf = (e: Event) => Math.floor(e.occurredAt / 86_400_000);
  const newest = Math.max(...interest.map(dayOf));
  const counts = new Map<string, { day: number; tag: string; type: number; count: number }>();
  for (const e of interest) {
    if (dayOf(e) <= newest - days) continue;
    for (const tag of e.tags) {
      const key = `${dayOf(e)} ${e.type} ${tag}`;
      const known = counts.get(key);
      if (known) known.count += 1;
      else counts.set(key, { day: dayOf(e), tag, type: types.indexOf(e.type), count: 1 });
    }
  }
  const sorted = [...counts].sort(([, a], [, b]) => b.day - a.day || smallerFirst(a.tag, b.tag) || a.type - b.type);
  return Object.fromEntries(sorted.slice(0, keptCounts).map(([key, { count }]) => [key, count]));
}

/**
 * What the stage has to have come to for one user, from all of the user's events: sorted, grouped, counted. It shares
 * no code with the stage.
 */
export function referenceUser(all: readonly Event[]) {
  const known = all.filter((e) => e.consent !== 'none').sort(inReceipt);
  const last = known.at(-1);
  if (!last) return undefined;
  const interest = known.filter((e) => e.consent === 'full' && !isShown(e)).sort(inEventTime);
  const bought = newestByItem(known, 'purchase');
  return {
    last: { eventId: last.eventId, receivedAt: last.receivedAt, occurredAt: last.occurredAt },
    recent: interest.slice(-kept).reverse().map(brief),
    bought,
    dismissed: newestByItem(known, 'dismiss'),
    inCart: inCart(known, bought),
    affinity: affinityOf(interest),
    sessions: sessionsOf(interest).sort((a, b) => smallerFirst(a.id, b.id)),
  };
}
