import { hashSecret, makeApiKey, printApiKey } from '../../pipeline/kernel/api-key-text.ts';
import type { ApiKey, ApiKeys } from '../../pipeline/stores/api-key.ts';

/** Keys as a process holds them, for a test to make and change. */
export function createFakeKeys() {
  const held = new Map<string, ApiKey>();
  const state = { isLoaded: true };
  const keys: ApiKeys = { find: (id) => held.get(id), isLoaded: () => state.isLoaded };
  return {
    keys,
    state,
    held,
    /** A key and its text. */
    add(over: Partial<ApiKey> = {}): { readonly key: ApiKey; readonly text: string } {
      const parts = makeApiKey();
      const key: ApiKey = {
        id: parts.id,
        name: 'test',
        sha256: hashSecret(parts.secret),
        scopes: ['read'],
        namespaces: null,
        maxRequestsPerSecond: null,
        createdAt: 0,
        expiresAt: null,
        revokedAt: null,
        replacedBy: null,
        ...over,
      };
      held.set(key.id, key);
      return { key, text: printApiKey(parts) };
    },
    revoke: (id: string) => void held.delete(id),
  };
}
