import type { ApiKey } from '../api-key.ts';
import type { Queryable } from './database.ts';

export const apiKeyColumns = `id, name, sha256, scopes, namespaces, max_requests_per_second AS "maxRequestsPerSecond",
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", replaced_by AS "replacedBy"`;

/** The database sets the instant of creation; `expiresInMs` counts from there, null for never. */
export interface NewApiKey extends Omit<ApiKey, 'createdAt' | 'expiresAt' | 'revokedAt' | 'replacedBy'> {
  readonly expiresInMs: number | null;
}

export async function insertApiKey(db: Queryable, key: NewApiKey): Promise<ApiKey> {
  const { id, name, sha256, scopes, namespaces, maxRequestsPerSecond, expiresInMs } = key;
  const [row] = await db.query<ApiKey>({
    text: `INSERT INTO api_key (id, name, sha256, scopes, namespaces, max_requests_per_second, created_at, expires_at)
           SELECT $1, $2, $3, $4::text[], $5::text[], $6, at, at + $7::float8 * interval '1 ms'
             FROM clock_timestamp() AS at
           RETURNING ${apiKeyColumns}`,
    values: [id, name, sha256, scopes, namespaces, maxRequestsPerSecond, expiresInMs],
  });
  return row as ApiKey;
}

/** All there ever were, by name, the newest of a name first. */
export const listApiKeys = (db: Queryable): Promise<ApiKey[]> =>
  db.query<ApiKey>({ text: `SELECT ${apiKeyColumns} FROM api_key ORDER BY name, created_at DESC, id` });

/** A key that is in force, locked until the transaction ends; undefined where there is none. */
export async function lockApiKey(tx: Queryable, id: string): Promise<ApiKey | undefined> {
  const [key] = await tx.query<ApiKey>({
    text: `SELECT ${apiKeyColumns} FROM api_key
            WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()) FOR UPDATE`,
    values: [id],
  });
  return key;
}

/** Lets a key end in `ms` for the sake of another, unless it ends sooner anyway; answers when it does. */
export async function replaceApiKey(
  tx: Queryable,
  id: string,
  { by, ms }: { readonly by: string; readonly ms: number },
): Promise<number> {
  const [row] = await tx.query<{ expiresAt: number }>({
    text: `UPDATE api_key
              SET replaced_by = $3, expires_at = least(expires_at, clock_timestamp() + $2::float8 * interval '1 ms')
            WHERE id = $1 RETURNING expires_at AS "expiresAt"`,
    values: [id, ms, by],
  });
  return (row as { expiresAt: number }).expiresAt;
}

/** Ends a key now. */
export async function revokeApiKey(tx: Queryable, id: string): Promise<void> {
  await tx.query({ text: 'UPDATE api_key SET revoked_at = clock_timestamp() WHERE id = $1', values: [id] });
}
