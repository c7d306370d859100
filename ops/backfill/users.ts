import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { ProfileCursor } from '../../pipeline/stores/profile-pages.ts';
import { topics } from '../../schemas/topics.ts';

interface Wanted {
  readonly version: number;
  /** Null for all. */
  readonly namespace: string | null;
}

export async function countUsers(db: Queryable, { version, namespace }: Wanted): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    text: `SELECT count(*) FROM user_profile WHERE state_version = $1 AND ($2::text IS NULL OR namespace = $2)`,
    values: [version, namespace],
  });
  return Number(row?.count ?? 0);
}

/** The next users in key order, by the primary key alone: bodies are read where the lists are made. */
export async function usersAfter(
  db: Queryable,
  { version, namespace }: Wanted,
  { cursor, limit }: { readonly cursor: ProfileCursor | undefined; readonly limit: number },
): Promise<ProfileCursor[]> {
  const from = cursor ?? { namespace: namespace ?? '', userId: '' };
  return db.query<{ namespace: string; userId: string }>({
    text: `SELECT namespace, user_id AS "userId" FROM user_profile
            WHERE state_version = $1 AND (namespace, user_id) > ($2, $3) AND ($5::text IS NULL OR namespace = $5)
            ORDER BY namespace, user_id LIMIT $4`,
    values: [version, from.namespace, from.userId, limit, namespace],
  });
}

/** Partitions of the profile topic that no running candidates process holds. */
export async function partitionsWithoutCandidates(db: Queryable, version: number): Promise<number[]> {
  const rows = await db.query<{ partition: number }>({
    text: `SELECT DISTINCT (p ->> 'partition')::int AS partition
             FROM worker_status w, jsonb_array_elements(w.state -> 'stages') s, jsonb_array_elements(s -> 'partitions') p
            WHERE w.seen_at > clock_timestamp() - interval '5 seconds'
              AND s ->> 'stage' = 'candidates' AND (s ->> 'stateVersion')::int = $1`,
    values: [version],
  });
  const held = new Set(rows.map(({ partition }) => partition));
  return Array.from({ length: topics.profileUpdated.partitions }, (_, i) => i).filter((one) => !held.has(one));
}
