import type { LeaseRow, LeaseSession, LeaseSessions, LeaseView } from '../relay.ts';
import { type Connection, openConnection } from './connection.ts';
import { asStandby, checkOutbox } from './relay-checks.ts';

/** Tells waiting relays that a lease was given back. */
const freedChannel = 'freshet_relay';

/** A page that was on the wire when its holder's deadline passed may still be landing: share of the lease time. */
const graceShare = 0.1;

export function createLeaseSessions(url: string): LeaseSessions {
  return {
    async open(relay, leaseMs, { onFreed, onBroken }) {
      const connection = await openConnection({
        url,
        name: 'freshet relay leases',
        channels: [freedChannel],
        queryTimeoutMs: leaseMs,
        onNotification: onFreed,
        onBroken,
      }).catch((error: unknown) => {
        throw asStandby(error);
      });
      try {
        await checkOutbox(connection); // taking a lease writes into the cursor's row, which restamp must find untouched
      } catch (error) {
        await connection.close();
        throw error;
      }
      return session(connection, relay, leaseMs);
    },
  };
}

function session(connection: Connection, relay: string, leaseMs: number): LeaseSession {
  const giveBack = async (held: ReadonlyMap<number, bigint>) => {
    if (held.size === 0) return;
    await release(connection, { relay, leaseMs, held });
    await tellOthers(connection);
  };
  return {
    renew: (held) => renew(connection, { relay, leaseMs, held }),
    take: (shards) => take(connection, { relay, leaseMs, shards }),
    giveBack,
    async close(held) {
      try {
        if (held.size > 0) await release(connection, { relay, leaseMs, held });
        await signOff(connection, relay);
        await tellOthers(connection); // only now: while this relay is counted, the others leave it its share
      } finally {
        await connection.close();
      }
    },
  };
}

interface Renewal {
  readonly relay: string;
  readonly leaseMs: number;
  readonly held: ReadonlyMap<number, bigint>;
}

interface RenewalRow {
  readonly leases: readonly (Omit<LeaseRow, 'epoch'> & { readonly epoch: string })[] | null;
  readonly relays: readonly string[] | null;
  readonly renewed: readonly number[] | null;
}

/** One round trip: heartbeat, renewal and view. The view shows the leases as they were before it. */
async function renew(connection: Connection, { relay, leaseMs, held }: Renewal): Promise<LeaseView> {
  const [row] = await connection.query<RenewalRow>({
    name: 'lease-renew',
    text: `WITH alive AS (
             INSERT INTO relay_member (relay, seen_at) VALUES ($1, clock_timestamp())
             ON CONFLICT (relay) DO UPDATE SET seen_at = excluded.seen_at RETURNING relay),
           renewed AS (
             UPDATE relay_lease l SET expires_at = clock_timestamp() + $2 * interval '1 ms'
               FROM unnest($3::smallint[], $4::bigint[]) AS h (shard, epoch)
              WHERE l.shard = h.shard AND l.epoch = h.epoch AND l.owner = $1 RETURNING l.shard)
           SELECT (SELECT json_agg(json_build_object(
                     'shard', l.shard, 'epoch', l.epoch::text, 'owner', l.owner,
                     'free', l.expires_at + $5 * interval '1 ms' < clock_timestamp(),
                     'abandoned', l.expires_at + ($2 + $5) * interval '1 ms' < clock_timestamp()) ORDER BY l.shard)
                     FROM relay_lease l) AS leases,
                  (SELECT array_agg(relay ORDER BY relay) FROM (
                     SELECT relay FROM alive UNION
                     SELECT relay FROM relay_member
                      WHERE seen_at > clock_timestamp() - ($2 + $5) * interval '1 ms') m) AS relays,
                  (SELECT array_agg(shard) FROM renewed) AS renewed`,
    values: [relay, leaseMs, [...held.keys()], [...held.values()], leaseMs * graceShare],
  });
  const leases = (row?.leases ?? []).map((lease) => ({ ...lease, epoch: BigInt(lease.epoch) }));
  return { renewed: row?.renewed ?? [], leases, relays: row?.relays ?? [relay] };
}

/** Those that were killed signed off nowhere: whoever does takes them along, or each would leave a row for ever. */
async function signOff(connection: Connection, relay: string): Promise<void> {
  await connection.query({
    text: `DELETE FROM relay_member WHERE relay = $1 OR seen_at < clock_timestamp() - interval '1 day'`,
    values: [relay],
  });
}

interface Taking {
  readonly relay: string;
  readonly leaseMs: number;
  readonly shards: readonly number[];
}

/**
 * The thief bumps the epoch in the cursor's row in the same transaction: an older owner's update waits for
 * it and then finds another epoch. Checking the lease instead is an unlocked read, and lets a zombie through.
 */
async function take(connection: Connection, { relay, leaseMs, shards }: Taking): Promise<Map<number, bigint>> {
  const rows = await connection.query<{ shard: number; epoch: bigint }>({
    name: 'lease-take',
    text: `WITH free AS (
             SELECT shard FROM relay_lease
              WHERE shard = ANY ($2::smallint[]) AND expires_at + $4 * interval '1 ms' < clock_timestamp()
              ORDER BY shard FOR UPDATE SKIP LOCKED),
           won AS (
             UPDATE relay_lease l SET owner = $1, epoch = l.epoch + 1,
                    expires_at = clock_timestamp() + $3 * interval '1 ms'
               FROM free WHERE l.shard = free.shard RETURNING l.shard, l.epoch)
           UPDATE outbox_cursor c SET epoch = won.epoch FROM won WHERE c.shard = won.shard
           RETURNING c.shard, c.epoch`,
    values: [relay, [...shards], leaseMs, leaseMs * graceShare],
  });
  return new Map(rows.map(({ shard, epoch }) => [shard, epoch]));
}

/** Free at once: nothing of ours is in flight, so the grace counts as over. */
async function release(connection: Connection, { relay, leaseMs, held }: Renewal): Promise<void> {
  await connection.query({
    text: `UPDATE relay_lease l SET owner = NULL, expires_at = clock_timestamp() - $4 * interval '1 ms'
             FROM unnest($2::smallint[], $3::bigint[]) AS h (shard, epoch)
            WHERE l.shard = h.shard AND l.epoch = h.epoch AND l.owner = $1`,
    values: [relay, [...held.keys()], [...held.values()], leaseMs * graceShare],
  });
}

async function tellOthers(connection: Connection): Promise<void> {
  await connection.query({ text: `NOTIFY ${freedChannel}` });
}
