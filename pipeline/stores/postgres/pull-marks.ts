import type { PullLease, PullMarks } from '../catalog-pull.ts';
import type { Queryable } from './database.ts';

interface Row {
  readonly since: bigint | null;
  readonly seen: bigint | null;
  readonly cursor: string | null;
  readonly started_at: bigint | null;
  readonly ended_ms_ago: bigint | null;
}

const number = (value: bigint | null): number | null => (value === null ? null : Number(value));
const leaseOf = ({ since, seen, cursor, started_at: startedAt, ended_ms_ago: endedMsAgo }: Row): PullLease => ({
  mark: { since: number(since), seen: number(seen), cursor, startedAt: number(startedAt) },
  endedMsAgo: number(endedMsAgo),
});

/** The row's lock orders two processes that ask at once: the second one finds the lease taken. */
const take = {
  name: 'catalog-pull-take',
  text: `INSERT INTO catalog_pull AS p (namespace, url, owner, leased_until)
         VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 ms')
         ON CONFLICT (namespace, url) DO UPDATE SET owner = EXCLUDED.owner, leased_until = EXCLUDED.leased_until
          WHERE p.owner = EXCLUDED.owner OR p.owner IS NULL OR p.leased_until < clock_timestamp()
         RETURNING p.since, p.seen, p.cursor, p.started_at,
                   (1000 * extract(epoch FROM clock_timestamp() - p.round_ended_at))::bigint AS ended_ms_ago`,
};

const save = {
  name: 'catalog-pull-save',
  text: `UPDATE catalog_pull
            SET since = $4, seen = $5, cursor = $6, started_at = $9, leased_until = clock_timestamp() + $7 * interval '1 ms',
                rounds = rounds + $8::int, round_ended_at = CASE WHEN $8 = 1 THEN clock_timestamp() ELSE round_ended_at END
          WHERE namespace = $1 AND url = $2 AND owner = $3
         RETURNING rounds`,
};

const release = {
  name: 'catalog-pull-release',
  text: 'UPDATE catalog_pull SET owner = NULL WHERE namespace = $1 AND url = $2 AND owner = $3',
};

export function createPullMarks(db: Queryable): PullMarks {
  return {
    async take({ namespace, url }, owner, leaseMs) {
      const [row] = await db.query<Row>({ ...take, values: [namespace, url, owner, leaseMs] });
      return row && leaseOf(row);
    },
    async save({ namespace, url }, owner, { mark, roundEnded, leaseMs }) {
      const { since, seen, cursor, startedAt } = mark;
      const values = [namespace, url, owner, since, seen, cursor, leaseMs, roundEnded ? 1 : 0, startedAt];
      return (await db.query({ ...save, values })).length > 0;
    },
    async release({ namespace, url }, owner) {
      await db.query({ ...release, values: [namespace, url, owner] });
    },
  };
}
