import { dayOf } from '../../pipeline/domain/day.ts';
import { typeNumber } from '../../pipeline/domain/interaction-type.ts';
import type { ProfileSummary } from '../../pipeline/domain/packed-profile.ts';
import type { RecentEvent } from '../../pipeline/domain/packed-recent.ts';

/** Items that a user has, or wants not to have. */
export interface Owned {
  /** By item, the day of the latest purchase (days since the epoch). */
  readonly bought: ReadonlyMap<number, number>;
  readonly dismissed: ReadonlySet<number>;
  readonly inCart: ReadonlySet<number>;
}

const [purchase, dismiss, add] = [typeNumber('purchase'), typeNumber('dismiss'), typeNumber('add')];

/** The profile's sets and the recent events that it may not know of yet, so that a user reads what he has just done. */
export function ownedBy(profile: ProfileSummary | undefined, recent: readonly RecentEvent[]): Owned {
  const bought = new Map(profile?.bought.map(({ item, day }) => [item, day]));
  const dismissed = new Set(profile?.dismissed);
  const inCart = new Set(profile?.inCart);
  for (const { item, type, occurredAt } of recent) {
    if (type === purchase) bought.set(item, Math.max(dayOf(occurredAt), bought.get(item) ?? 0));
    if (type === purchase) inCart.delete(item);
    if (type === dismiss) dismissed.add(item);
    if (type === add) inCart.add(item);
  }
  return { bought, dismissed, inCart };
}
