import type { ProfileSummary } from '../../pipeline/domain/packed-profile.ts';
import type { RecentEvent } from '../../pipeline/domain/packed-recent.ts';

const nothing: readonly RecentEvent[] = [];

/** What the user has just done, as far as Redis knows: the profile's session and the recent events behind it. */
export interface Seen {
  readonly items: ReadonlySet<number>;
  /** Item of the latest interaction, 0 where there is none. */
  readonly current: number;
}

/** The later of two equally late interactions is the one that came later in. */
export function seenBy(profile: ProfileSummary | undefined, recent: readonly RecentEvent[]): Seen {
  const items = new Set<number>();
  let current = 0;
  let currentAt = Number.NEGATIVE_INFINITY;
  for (const events of [profile?.session ?? nothing, recent]) {
    for (const { item, occurredAt } of events) {
      items.add(item);
      if (occurredAt < currentAt) continue;
      current = item;
      currentAt = occurredAt;
    }
  }
  return { items, current };
}

/** Distinct items of the session and the recent events, latest first, at most `limit`. */
export function latestItems(
  profile: ProfileSummary | undefined,
  recent: readonly RecentEvent[],
  limit: number,
): readonly number[] {
  const events = [...(profile?.session ?? nothing), ...recent];
  const latestFirst = events.toSorted((a, b) => a.occurredAt - b.occurredAt).reverse();
  return [...new Set(latestFirst.map((event) => event.item))].slice(0, limit);
}
