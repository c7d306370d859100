import { batchRows, type OutboxRow, runPeer } from './publishing.ts';

/** The relay of many blog posts: lock what is unpublished, publish, mark it, commit. */
await runPeer({ enable_seqscan: 'off', enable_bitmapscan: 'off' }, async ({ client, publish }) => {
  await client.query('BEGIN');
  const { rows } = await client.query<OutboxRow>({
    name: 'lock',
    text: `SELECT id, topic, key, payload FROM naive_outbox
            WHERE published_at IS NULL ORDER BY id LIMIT ${batchRows} FOR UPDATE SKIP LOCKED`,
  });
  if (rows.length > 0) {
    await publish(rows);
    const ids = rows.map(({ id }) => id);
    await client.query({
      name: 'mark',
      text: 'UPDATE naive_outbox SET published_at = now() WHERE id = ANY ($1::bigint[])',
      values: [ids],
    });
  }
  await client.query('COMMIT');
  return rows.length;
});
