import type { Caller } from '../../pipeline/domain/caller.ts';
import type { Problem } from '../../pipeline/kernel/problem.ts';
import type { ApiKey, ApiScope } from '../../pipeline/stores/api-key.ts';

/** Whoever has proved who they are. */
export interface Principal {
  readonly caller: Caller;
  /** Those of a key; null for a user, who may use the routes that take users. */
  readonly scopes: ReadonlySet<ApiScope> | null;
  /** Requests a second of this key or user, under its id; null where it has no limit. A user has no key's name. */
  readonly rate: { readonly id: string; readonly keyName: string | null; readonly perSecond: number } | null;
}

/** Why credentials are not taken. */
export interface CredentialsRefused {
  readonly problem: Problem;
}

const everything: ReadonlySet<ApiScope> = new Set(['ingest', 'read', 'admin']);

/** `admin` implies all; a key of one namespace is at home there. */
export function principalOf(key: ApiKey): Principal {
  const { id, name, namespaces, maxRequestsPerSecond: perSecond } = key;
  const [only, ...others] = namespaces ?? [];
  return {
    caller: {
      namespaces: namespaces && new Set(namespaces),
      homeNamespace: only !== undefined && others.length === 0 ? only : null,
      userId: null,
    },
    scopes: key.scopes.includes('admin') ? everything : new Set(key.scopes),
    rate: perSecond === null ? null : { id, keyName: name, perSecond },
  };
}

const refusal = (status: number, code: string, detail: string): CredentialsRefused => ({
  problem: { status, code, detail },
});

export const keyInvalid = refusal(401, 'key_invalid', 'There is no such key in force.');
export const keyExpired = refusal(401, 'key_expired', 'This key has expired; ask for another.');
export const tokenInvalid = refusal(401, 'token_invalid', 'This token is not valid here.');
export const tokenExpired = refusal(401, 'token_expired', 'This token has expired; get another and repeat.');
export const keysUnknown: CredentialsRefused = {
  problem: {
    status: 503,
    code: 'not_ready',
    detail: 'Keys were not read yet. Repeat the request after Retry-After.',
    retryAfterSeconds: 1,
  },
};
export const issuerAway = (askableInSeconds: number): CredentialsRefused => ({
  problem: {
    status: 503,
    code: 'unavailable',
    detail: 'The keys of the token’s issuer cannot be read now. Repeat the request after Retry-After.',
    retryAfterSeconds: Math.max(1, askableInSeconds),
  },
});
