import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import { wasPublished } from './published.ts';

export interface RestampShard {
  readonly shard: number;
  /** Restored rows that the restored cursor had passed. */
  readonly published: bigint;
  /** Restored rows that it had not: they will be published. */
  readonly unpublished: bigint;
  /** Where the new cursor starts: rows up to here are never looked at again. */
  readonly floor: bigint;
}

export interface RestampPlan {
  /** `none`: the ids are this cluster's. `adopt`: they came along intact (pg_upgrade). `rewrite`: they mean nothing here. */
  readonly action: 'none' | 'adopt' | 'rewrite';
  /** Of the cluster whose ids the outbox carries, and of this one. */
  readonly from: string | null;
  readonly to: string;
  /** Rows up to this seq came with the restore; those above were written here. Null where none did for certain. */
  readonly restoredTo: bigint | null;
  readonly shards: readonly RestampShard[];
  /** Rows above `restoredTo`: they keep their ids and are published. */
  readonly writtenHere: bigint;
  /** Of those, rows whose origin cannot be told: were they restored and published, they will be published again. */
  readonly uncertain: bigint;
  /** Why it cannot be done now. */
  readonly problems: readonly string[];
}

/** The full id of the transaction that wrote a tuple: it has 32 bits there, and lies less than 2^31 in the past. */
const writerOf = (xmin: string) => `(SELECT CASE WHEN x > now.next THEN x - 4294967296 ELSE x END
  FROM (SELECT (now.next / 4294967296) * 4294967296 + ${xmin}::text::bigint AS x) AS w)`;
const now = 'now AS (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next)';

/**
 * A row that was written in this cluster carries the id of the transaction that wrote its tuple, or of that one's
 * parent, which is smaller; and a transaction has one parent. So a row with a larger id than its writer was restored,
 * and so was every row whose writer wrote rows of several ids, as COPY does. Rows written here have larger seqs than
 * all restored ones, since the sequence came along: this makes the largest of those the boundary.
 */
const originText = `
WITH ${now},
writers AS MATERIALIZED (
  SELECT ${writerOf('xmin')} AS writer, low, high, last_seq, n
    FROM now, (SELECT xmin, min(xid)::text::bigint AS low, max(xid)::text::bigint AS high, max(seq) AS last_seq,
                      count(*) AS n FROM outbox GROUP BY xmin) g)
SELECT max(last_seq) FILTER (WHERE high > writer OR low <> high) AS "restoredTo",
       coalesce(bool_or(high > writer), false) OR EXISTS (
         SELECT FROM now, outbox_cursor c
          WHERE greatest(pg_snapshot_xmax(base), pg_snapshot_xmax(target))::text::bigint > ${writerOf('c.xmin')}
       ) AS foreign
  FROM writers`;

const uncertainText = `
WITH ${now}
SELECT count(*) AS rows, count(*) FILTER (WHERE o.xid::text::bigint <> ${writerOf('o.xmin')}) AS uncertain
  FROM now, outbox o WHERE seq > $1`;

const shardsText = `
SELECT c.shard, count(o.seq) FILTER (WHERE ${wasPublished}) AS published,
       count(o.seq) FILTER (WHERE NOT ${wasPublished}) AS unpublished,
       least(min(o.seq) FILTER (WHERE NOT ${wasPublished}) - 1, $1::bigint) AS floor
  FROM outbox_cursor c LEFT JOIN outbox o ON o.shard = c.shard AND o.seq <= $1
 GROUP BY c.shard ORDER BY c.shard`;

interface Situation {
  readonly from: bigint | null;
  readonly to: bigint;
  readonly standby: boolean;
  readonly live: string[] | null;
  readonly sequence: bigint;
  readonly lastSeq: bigint | null;
}

/** Reads the whole outbox, two or three times where it was restored. */
export async function planRestamp(db: Queryable): Promise<RestampPlan> {
  const [found] = await db.query<Situation>({
    text: `SELECT i.system_identifier AS from, s.system_identifier AS to, pg_is_in_recovery() AS standby,
                  (SELECT array_agg(DISTINCT owner) FROM relay_lease
                    WHERE owner IS NOT NULL AND expires_at > clock_timestamp()) AS live,
                  (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM outbox_seq_seq) AS sequence,
                  (SELECT max(seq) FROM outbox) AS "lastSeq"
             FROM outbox_identity i, pg_control_system() s`,
  });
  const situation = found as Situation;
  const [origin] = await db.query<{ restoredTo: bigint | null; foreign: boolean }>({ text: originText });
  const foreign = origin?.foreign === true;
  const restoredTo = foreign ? (origin?.restoredTo ?? null) : null;
  const [above] = await db.query<{ rows: bigint; uncertain: bigint }>({
    text: uncertainText,
    values: [restoredTo ?? 0n],
  });
  const moved = situation.from !== situation.to;
  return {
    action: foreign ? 'rewrite' : moved ? 'adopt' : 'none',
    from: situation.from?.toString() ?? null,
    to: situation.to.toString(),
    restoredTo,
    shards: foreign ? await db.query<RestampShard>({ text: shardsText, values: [restoredTo ?? 0n] }) : [],
    writtenHere: above?.rows ?? 0n,
    uncertain: foreign ? (above?.uncertain ?? 0n) : 0n,
    problems: problemsOf(situation),
  };
}

function problemsOf({ standby, live, sequence, lastSeq }: Situation): string[] {
  const problems: string[] = [];
  if (standby) problems.push('this server is a standby: connect to the primary');
  if (live)
    problems.push(
      `relays hold leases (${live.join(', ')}): stop every relay of this outbox, then wait until the leases have run out`,
    );
  if (lastSeq !== null && lastSeq > sequence) {
    problems.push(
      `the sequence stands at ${sequence} and rows go up to ${lastSeq}: the restore is not complete. Stop all writers and run SELECT setval('freshet.outbox_seq_seq', ${lastSeq})`,
    );
  }
  return problems;
}
