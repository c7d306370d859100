import { timingSafeEqual } from 'node:crypto';
import { hashSecret, parseApiKey } from '../../pipeline/kernel/api-key-text.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { ApiKey, ApiKeys } from '../../pipeline/stores/api-key.ts';
import {
  type CredentialsRefused,
  keyExpired,
  keyInvalid,
  keysUnknown,
  type Principal,
  principalOf,
} from './principal.ts';

export interface KeyCheckDeps {
  readonly keys: ApiKeys;
  readonly clock: Pick<Clock, 'now'>;
  /** Texts of valid keys whose hash is remembered; the one that came first is forgotten for another. */
  readonly remembered?: number;
}

interface Known {
  readonly id: string;
  readonly sha256: Buffer;
  readonly key: ApiKey;
  readonly principal: Principal;
}

export type KeyCheck = (text: string) => Principal | CredentialsRefused;

/**
 * Proves an API key. A text that was proved before costs two look-ups; what the keys say now, revoked or changed,
 * is asked every time. Only valid texts are remembered, so that nobody can fill the memory by guessing.
 */
export function createKeyCheck({ keys, clock, remembered = 10_000 }: KeyCheckDeps): KeyCheck {
  const known = new Map<string, Known>();

  function remember(text: string, id: string, sha256: Buffer, key: ApiKey): Principal {
    const principal = principalOf(key);
    if (!known.has(text) && known.size >= remembered) known.delete(known.keys().next().value as string);
    known.set(text, { id, sha256, key, principal });
    return principal;
  }

  return function checkKey(text) {
    if (!keys.isLoaded()) return keysUnknown;
    const before = known.get(text);
    const parts = before ?? parseApiKey(text);
    if (parts === undefined) return keyInvalid;
    const key = keys.find(parts.id);
    if (key === undefined) {
      known.delete(text);
      return keyInvalid;
    }
    let principal = before?.principal;
    if (before?.key !== key) {
      const sha256 = 'sha256' in parts ? parts.sha256 : hashSecret(parts.secret);
      if (!timingSafeEqual(sha256, key.sha256)) return keyInvalid;
      principal = remember(text, key.id, sha256, key);
    }
    if (key.expiresAt !== null && key.expiresAt <= clock.now()) return keyExpired;
    return principal as Principal;
  };
}
