import type { PageRequest, PageRow, Reading } from '../relay.ts';
import type { Connection } from './connection.ts';

/**
 * With default settings the planner sorts the whole backlog for a page of 1,000 (8.2 s at a million rows;
 * statistics do not cure it). With these three off it walks (shard, seq): 0.5 ms.
 */
export const walkSettings = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  max_parallel_workers_per_gather: '0', // workers would hand rows over in any order
} as const;

/** `last_value` is 1 before the first nextval, hence `is_called`: seq 1 would be taken for drawn. */
const sequenceValue = 'CASE WHEN is_called THEN last_value ELSE last_value - 1 END';

/**
 * One statement for all shards: what it sees (sequence and snapshot, in the first row), then the pages, by a nested
 * loop over the parameters, each an ordered index walk. Parameters arrive typed, so that no row pays for a cast.
 * A statement's rows and its `pg_current_snapshot()` are of one snapshot; taken by two statements, rows first, what
 * commits between them would be lost.
 */
export const pagesText = `WITH now AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT NULL::smallint, (SELECT ${sequenceValue} FROM outbox_seq_seq), snapshot::text, NULL::bytea, NULL::bytea, NULL::float8 FROM now
 UNION ALL
SELECT p.shard, r.seq, r.topic, r.key, r.payload, r.created
  FROM unnest($1::smallint[], $2::bigint[], $3::pg_snapshot[], $4::pg_snapshot[], $5::int[])
       AS p (shard, last_seq, base, target, page)
 CROSS JOIN LATERAL (
   SELECT o.seq, o.topic, o.key, o.payload, date_part('epoch', o.created_at) AS created
     FROM outbox o
    WHERE o.shard = p.shard AND o.seq > p.last_seq AND NOT pg_visible_in_snapshot(o.xid, p.base)
      AND pg_visible_in_snapshot(o.xid, coalesce(p.target, (SELECT snapshot FROM now)))
    ORDER BY o.seq LIMIT p.page) r`;

export function pagesValues(requests: readonly PageRequest[]): unknown[] {
  return [
    requests.map(({ shard }) => shard),
    requests.map(({ filter }) => filter.lastSeq),
    requests.map(({ filter }) => filter.base),
    requests.map(({ filter }) => filter.target),
    requests.map(({ limit }) => limit),
  ];
}

type Row = [shard: number, seq: bigint, topic: string, key: Buffer, payload: Buffer | null, created: number];

export async function readPages(connection: Connection, requests: readonly PageRequest[]): Promise<Reading> {
  const rows = await connection.rows<Row>({ name: 'relay-pages', text: pagesText, values: pagesValues(requests) });
  const [, sequence, snapshot] = rows[0] as Row;
  const pages = new Map<number, PageRow[]>();
  let page: PageRow[] = [];
  let ofShard: number | undefined;
  for (let at = 1; at < rows.length; at += 1) {
    const [shard, seq, topic, key, payload, created] = rows[at] as Row;
    if (shard !== ofShard) {
      page = [];
      ofShard = shard;
      pages.set(shard, page);
    }
    page.push({ seq, topic, key, payload, createdAt: created * 1_000 });
  }
  return { sequence, snapshot, pages };
}

const walkLocally = Object.entries(walkSettings).map(([name, value]) => `SET LOCAL ${name} = ${value}`);

/** Where settings of the session do not last: three round trips instead of one. */
export async function readPagesPooled(connection: Connection, requests: readonly PageRequest[]): Promise<Reading> {
  await connection.query({ text: ['BEGIN READ ONLY', ...walkLocally].join('; ') });
  const reading = await readPages(connection, requests);
  await connection.query({ text: 'COMMIT' });
  return reading;
}
