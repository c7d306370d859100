import { FreshetError, TransientError } from '../../kernel/errors.ts';
import type { Queryable } from './database.ts';

interface Facts {
  readonly standby: boolean;
  readonly columns: string[] | null;
  readonly always: boolean | null;
  readonly xid_default: string | null;
  readonly cache: bigint | null;
  readonly ahead: number[] | null;
  readonly outbox_id: string;
  readonly moved: boolean | null;
}

const standby = () => new TransientError('postgres_standby', 'the relay must read a primary, this is a standby');

/** A standby refuses LISTEN before it can be asked what it is. */
export const asStandby = (error: unknown): unknown =>
  error instanceof TransientError && error.code === 'sql_25006' ? standby() : error;

/**
 * What the cursor's proof rests on, asked at every connect; answers the outbox's own id.
 * A standby's snapshots do not list open transactions, so rows would be lost there. Rows and cursors that came from
 * another cluster, by dump or logical replication, carry its transaction ids: compared with those of this one they
 * would be invisible for ever, or taken for published.
 */
export async function checkOutbox(db: Queryable): Promise<string> {
  const [facts] = await db.query<Facts>({
    text: `SELECT pg_is_in_recovery() AS standby,
      (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'outbox'::regclass AND attname IN ('xid', 'seq') AND NOT attisdropped) AS columns,
      (SELECT attidentity = 'a' FROM pg_attribute WHERE attrelid = 'outbox'::regclass AND attname = 'seq') AS always,
      (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
        WHERE adrelid = 'outbox'::regclass AND attname = 'xid') AS xid_default,
      (SELECT seqcache FROM pg_sequence WHERE seqrelid = 'outbox_seq_seq'::regclass) AS cache,
      (SELECT array_agg(shard::int ORDER BY shard) FROM outbox_cursor
        WHERE greatest(pg_snapshot_xmax(base), pg_snapshot_xmax(target)) > pg_snapshot_xmax(pg_current_snapshot())) AS ahead,
      (SELECT outbox_id::text FROM outbox_identity) AS outbox_id,
      (SELECT i.system_identifier <> c.system_identifier FROM outbox_identity i, pg_control_system() c) AS moved`,
  });
  if (!facts) throw new TransientError('postgres_unavailable', 'no answer to the outbox checks');
  if (facts.standby) throw standby();
  const problem = problemOf(facts);
  if (problem)
    throw new FreshetError('outbox_unsafe', `rows would be lost: ${problem}; recreate the outbox by migration`);
  if (facts.moved || facts.ahead) {
    const message =
      'the transaction ids in this outbox are those of another cluster: it was restored from a dump, replicated logically or upgraded. Publishing would lose rows. Run `npx freshet outbox restamp` and read what it says';
    throw new FreshetError('outbox_restored', message, { fields: { shards: facts.ahead?.join(',') ?? '' } });
  }
  return facts.outbox_id;
}

function problemOf({ columns, always, cache, xid_default: xidDefault }: Facts): string | undefined {
  if (columns?.join() !== 'xid,seq') return 'column xid must stand before seq';
  if (xidDefault !== 'pg_current_xact_id()') return 'xid must default to pg_current_xact_id()';
  if (!always) return 'seq must be GENERATED ALWAYS AS IDENTITY';
  if (cache !== 1n) return `the sequence must have CACHE 1, it has ${cache}`;
  return undefined;
}
