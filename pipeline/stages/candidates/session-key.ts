/** Parts of a key of `engagement.session.updated.v1`, see `sessionKey`. */
export interface SessionRecordKey {
  readonly version: number;
  readonly namespace: string;
  /** The whole key as text: what a session is called in the index. */
  readonly text: string;
}

/** Undefined for what is not such a key. */
export function parseSessionKey(key: Buffer | null): SessionRecordKey | undefined {
  const text = key?.toString('latin1') ?? '';
  const parts = /^(\d{1,9})\|([^|]+)\|[0-9a-f]{32}$/.exec(text);
  return parts ? { version: Number(parts[1]), namespace: parts[2] as string, text } : undefined;
}

/** Parts of a key of `recommendation.profile.updated.v1`, see `profileKey`. A user id may hold any character. */
export function parseProfileKey(
  key: Buffer | null,
): { readonly version: number; readonly namespace: string; readonly userId: string } | undefined {
  const parts = /^(\d{1,9})\|([^|]+)\|(.+)$/s.exec(key?.toString('utf8') ?? '');
  return parts ? { version: Number(parts[1]), namespace: parts[2] as string, userId: parts[3] as string } : undefined;
}
