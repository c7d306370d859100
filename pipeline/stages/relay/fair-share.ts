import type { LeaseView } from '../../stores/relay.ts';

export interface LeasePlan {
  /** Shards to try for, in this order. */
  readonly take: readonly number[];
  /** How many of those held should be handed over. */
  readonly release: number;
}

/** How many shards each of `relays` should hold; the first ones take what does not divide. */
export function shareOf(relay: string, relays: readonly string[], shards: number): number {
  const rank = relays.indexOf(relay);
  if (rank < 0) return shards;
  return Math.floor(shards / relays.length) + (rank < shards % relays.length ? 1 : 0);
}

/**
 * Takes free shards up to the fair share, and whatever nobody took for another lease time; hands over what
 * is above the share, but only while somebody else has less than theirs.
 */
export function planLeases(relay: string, { leases, relays }: LeaseView, held: ReadonlySet<number>): LeasePlan {
  const share = shareOf(relay, relays, leases.length);
  const others = leases.filter(({ shard }) => !held.has(shard));
  const wanted = Math.max(0, share - held.size);
  const abandoned = others.filter((lease) => lease.abandoned);
  const free = others.filter((lease) => lease.free && !lease.abandoned);
  // Relays that look at the same moment begin at different places, so that they seldom try for the same shard.
  const start = Math.floor((free.length * Math.max(0, relays.indexOf(relay))) / relays.length);
  const inTurn = [...abandoned, ...free.slice(start), ...free.slice(0, start)];
  const take = inTurn.slice(0, Math.max(wanted, abandoned.length)).map(({ shard }) => shard);
  const somebodyIsShort = relays.some(
    (other) =>
      other !== relay && leases.filter(({ owner }) => owner === other).length < shareOf(other, relays, leases.length),
  );
  return { take, release: somebodyIsShort ? Math.max(0, held.size - share) : 0 };
}
