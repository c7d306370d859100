import type { PageRequest, PageRow, Probe } from '../relay.ts';
import type { Connection } from './connection.ts';

/**
 * With default settings the planner sorts the whole backlog for a page of 1,000 (8.2 s at a million rows;
 * statistics do not cure it). With these three off it walks (shard, seq): 0.5 ms.
 */
export const walkSettings = { enable_seqscan: 'off', enable_bitmapscan: 'off', enable_sort: 'off' } as const;

/** `last_value` is 1 before the first nextval, hence `is_called`: seq 1 would be taken for drawn. */
const sequenceValue = 'CASE WHEN is_called THEN last_value ELSE last_value - 1 END';

/** One probe for all shards; its connection never writes, since its own xid would count as finished. */
export async function probe(connection: Connection): Promise<Probe> {
  const [row] = await connection.rows<[bigint, string]>({
    name: 'relay-probe',
    text: `SELECT ${sequenceValue}, pg_current_snapshot()::text FROM outbox_seq_seq`,
  });
  const [sequence, snapshot] = row as [bigint, string];
  return { sequence, snapshot };
}

/**
 * Pages of many shards in one round trip: a nested loop over the parameters, each an ordered index walk.
 * Parameters arrive typed, so that no row pays for a cast.
 */
export const pagesText = `SELECT p.shard, r.seq, r.topic, r.key, r.payload, r.created
  FROM unnest($1::smallint[], $2::bigint[], $3::pg_snapshot[], $4::pg_snapshot[], $5::int[])
       AS p (shard, last_seq, base, target, page)
 CROSS JOIN LATERAL (
   SELECT o.seq, o.topic, o.key, o.payload, date_part('epoch', o.created_at) AS created
     FROM outbox o
    WHERE o.shard = p.shard AND o.seq > p.last_seq
      AND NOT pg_visible_in_snapshot(o.xid, p.base) AND pg_visible_in_snapshot(o.xid, p.target)
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

/** Rows of each requested shard in seq order; the probe that made the filters must have been answered before. */
export async function readPages(
  connection: Connection,
  requests: readonly PageRequest[],
): Promise<Map<number, PageRow[]>> {
  const rows = await connection.rows<Row>({ name: 'relay-pages', text: pagesText, values: pagesValues(requests) });
  const pages = new Map<number, PageRow[]>();
  for (const [shard, seq, topic, key, payload, created] of rows) {
    let page = pages.get(shard);
    if (!page) {
      page = [];
      pages.set(shard, page);
    }
    page.push({ seq, topic, key, payload, createdAt: created * 1_000 });
  }
  return pages;
}

const walkLocally = Object.entries(walkSettings).map(([name, value]) => `SET LOCAL ${name} = ${value}`);

/** Where settings of the session do not last: three round trips instead of one. */
export async function readPagesPooled(
  connection: Connection,
  requests: readonly PageRequest[],
): Promise<Map<number, PageRow[]>> {
  await connection.query({ text: ['BEGIN READ ONLY', ...walkLocally].join('; ') });
  const pages = await readPages(connection, requests);
  await connection.query({ text: 'COMMIT' });
  return pages;
}
