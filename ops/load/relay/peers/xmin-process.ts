import { batchRows, type OutboxRow, runPeer } from './publishing.ts';

interface XminRow extends OutboxRow {
  readonly xid: string;
}

let last: { xid: string; id: string } | undefined;

/** The relay with the xmin fence: in order of transactions, as far as every older one has ended. */
await runPeer({ enable_seqscan: 'off', enable_bitmapscan: 'off', enable_sort: 'off' }, async ({ client, publish }) => {
  last ??= (await client.query<{ xid: string; id: string }>('SELECT xid, id FROM xmin_cursor')).rows[0];
  const { rows } = await client.query<XminRow>({
    name: 'page',
    text: `SELECT xid, id, topic, key, payload FROM xmin_outbox
            WHERE (xid, id) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY xid, id LIMIT ${batchRows}`,
    values: [last?.xid, last?.id],
  });
  const newest = rows.at(-1);
  if (newest === undefined) return 0;
  await publish(rows);
  await client.query({
    name: 'move',
    text: 'UPDATE xmin_cursor SET xid = $1, id = $2',
    values: [newest.xid, newest.id],
  });
  last = { xid: newest.xid, id: newest.id };
  return rows.length;
});
