import { dayMs } from '../../../pipeline/domain/day.ts';
import { partitionOf } from '../../../pipeline/domain/murmur2.ts';
import { sourceBit } from '../../../pipeline/domain/packed-list.ts';
import type { HydratedQuery, Ranked } from '../query.ts';
import type { Gate } from './gate.ts';

const fresh = sourceBit('fresh');

/** New items that one answer looks at, where few of them pass its filters. */
const tries = 200;

/**
 * Makes sure of the surface's fresh slots: where fewer new items are among the chosen ones than it wants, others
 * that pass every filter take places spread over the answer, and the last ones go back. Each user starts at another
 * of the new items and at another one every hour, so that all of them are shown to about as many people.
 */
export function withFresh(
  query: HydratedQuery,
  gate: Gate,
  { kept, wanted }: { readonly kept: readonly Ranked[]; readonly wanted: number },
): { readonly shown: readonly Ranked[]; readonly back: readonly number[] } {
  const { settings, askedAt, items } = query;
  const slots = settings.fresh?.slots ?? 0;
  if (settings.fresh === null || slots === 0) return { shown: kept, back: [] };
  const since = askedAt - settings.fresh.window_days * dayMs;
  const isFresh = (item: number) => items.publishedAt(item) >= since && items.publishedAt(item) <= askedAt;
  const lack = Math.min(slots, wanted) - kept.filter(({ item }) => isFresh(item)).length;
  const found = lack > 0 ? pick(query, gate, { since, count: lack }) : [];
  if (found.length === 0) return { shown: kept, back: [] };
  const { staying, back } = makeRoom(kept, { most: wanted - found.length, isFresh });
  return { shown: spread(staying, found), back };
}

/** Sends the last ones back that are not new themselves. */
function makeRoom(
  kept: readonly Ranked[],
  { most, isFresh }: { readonly most: number; readonly isFresh: (item: number) => boolean },
): { readonly staying: readonly Ranked[]; readonly back: readonly number[] } {
  const excess = Math.max(0, kept.length - most);
  const leaving = kept.filter(({ item }) => !isFresh(item)).slice(excess === 0 ? kept.length : -excess);
  const back = leaving.map(({ item }) => item);
  return { staying: kept.filter(({ item }) => !back.includes(item)), back };
}

function pick(
  { items, namespace, userId, askedAt }: HydratedQuery,
  gate: Gate,
  { since, count }: { readonly since: number; readonly count: number },
): number[] {
  const newest = items.newest(askedAt, since);
  const hour = Math.floor(askedAt / 3_600_000);
  const start = partitionOf(Buffer.from(`${namespace}|${userId}|${hour}`), Math.max(1, newest.length));
  const found: number[] = [];
  for (let i = 0; i < Math.min(newest.length, tries) && found.length < count; i += 1) {
    const item = newest[(start + i) % newest.length] as number;
    if (gate.placeOf(item) !== undefined || !gate.allows(item) || !gate.fits(item, 'personal')) continue;
    gate.take(item, -1);
    found.push(item);
  }
  return found;
}

/** At even distances; each takes the score of the item before it, as scores fall along the list. */
function spread(kept: readonly Ranked[], found: readonly number[]): Ranked[] {
  const shown = [...kept];
  found.forEach((item, index) => {
    const at = Math.floor(((index + 1) * (kept.length + found.length)) / (found.length + 1));
    const beside = shown[at - 1] ?? shown[at];
    const { score, level } = beside ?? { score: 0, level: 'personal' as const };
    shown.splice(at, 0, { item, score, level, sources: fresh, because: 0 });
  });
  return shown;
}
