/** Of row `o` by its shard's cursor `c`: in its base, or acknowledged in the batch that is open. */
export const wasPublished = `(pg_visible_in_snapshot(o.xid, c.base) OR (c.target IS NOT NULL AND o.seq <= c.last_seq
  AND pg_visible_in_snapshot(o.xid, c.target)))`;
