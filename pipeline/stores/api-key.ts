/** What a key may be used for: sending, asking for lists and rows, and everything. */
export type ApiScope = 'ingest' | 'read' | 'admin';

/** A client's right to use the HTTP surface. */
export interface ApiKey {
  readonly id: string;
  /** For people; the keys before and after a rotation share it. */
  readonly name: string;
  /** Of the secret, which is kept nowhere. */
  readonly sha256: Buffer;
  readonly scopes: readonly ApiScope[];
  /** Null for all. */
  readonly namespaces: readonly string[] | null;
  /** In each process; null for no limit. */
  readonly maxRequestsPerSecond: number | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** Id of the key that it was rotated to. */
  readonly replacedBy: string | null;
}

/** The keys in force, held in memory and read again in the background: a revoked one is gone within two seconds. */
export interface ApiKeys {
  /** Never waits. What is found may have expired since it was read. */
  find(id: string): ApiKey | undefined;
  /** False until the keys were read once: before that nobody knows who may come in. */
  isLoaded(): boolean;
}
