import type { ApiKey } from '../../pipeline/stores/api-key.ts';

export type KeyState = 'active' | 'expired' | 'revoked';

export function stateOf({ revokedAt, expiresAt }: ApiKey, now: number): KeyState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A key as reports have it: no hash. */
export function keyDocument(key: ApiKey, now: number): Readonly<Record<string, unknown>> {
  return {
    id: key.id,
    name: key.name,
    state: stateOf(key, now),
    scopes: key.scopes,
    namespaces: key.namespaces,
    max_requests_per_second: key.maxRequestsPerSecond,
    created_at: iso(key.createdAt),
    expires_at: iso(key.expiresAt),
    revoked_at: iso(key.revokedAt),
    replaced_by: key.replacedBy,
  };
}

/** What a key is good for, in words. */
export function rightsLine(key: ApiKey): string {
  const where = key.namespaces === null ? 'all namespaces' : key.namespaces.join(', ');
  const rate = key.maxRequestsPerSecond === null ? '' : `, at most ${key.maxRequestsPerSecond} requests/s a process`;
  const until = key.expiresAt === null ? '' : `, until ${iso(key.expiresAt)}`;
  return `${key.scopes.join(', ')} in ${where}${rate}${until}`;
}

export function keyLines(keys: readonly ApiKey[], now: number): readonly string[] {
  if (keys.length === 0) return ['there are no keys; make one with `npx freshet keys create`'];
  return keys.map((key) => {
    const since = key.revokedAt === null ? '' : ` since ${iso(key.revokedAt)}`;
    const successor = key.replacedBy === null ? '' : `; rotated to ${key.replacedBy}`;
    return `${key.id}  ${(stateOf(key, now) + since).padEnd(8)}  ${key.name}: ${rightsLine(key)}${successor}`;
  });
}
