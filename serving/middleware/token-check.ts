import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Caller } from '../../pipeline/domain/caller.ts';
import { idRule, textFault } from '../../pipeline/domain/intake/text.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import { TransientError } from '../../pipeline/kernel/errors.ts';
import type { TokenCheck } from './authenticate.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { type CredentialsRefused, issuerAway, type Principal, tokenExpired, tokenInvalid } from './principal.ts';

export interface TokenCheckDeps {
  readonly keys: IssuerKeys;
  readonly clock: Pick<Clock, 'now'>;
  readonly issuer: string;
  readonly audience: string;
  /** Claim that holds the user's id. */
  readonly userClaim: string;
  /** Those that the issuer's users are of. */
  readonly namespaces: readonly string[];
  /** Requests a second, and events a second, of each user. */
  readonly maxPerSecond: number;
  /** Valid tokens that are remembered until they expire; the one that came first is forgotten for another. */
  readonly remembered?: number;
}

/** What a public key can verify. With a shared secret everybody who can verify could also issue. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** How far the issuer's clock may be from ours. */
const toleranceSeconds = 5;
/** Bounds what remembered tokens hold: 10,000 of them 80 MB. Usual ones have under 2,000 characters. */
const longestToken = 8_192;
const shape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

interface Known {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly generation: number;
}

/** Proves tokens of users (JWT). One that was proved before costs a look-up until it expires or the keys change. */
export function createTokenCheck(deps: TokenCheckDeps): TokenCheck {
  const { keys, clock, issuer, audience, userClaim, namespaces, maxPerSecond, remembered = 10_000 } = deps;
  const known = new Map<string, Known>();
  const [only, ...others] = namespaces;
  const allowed = {
    namespaces: new Set(namespaces),
    homeNamespace: only !== undefined && others.length === 0 ? only : null,
    maxEventsPerSecond: maxPerSecond,
  };

  /** Undefined where the claim is no id of a user. */
  function principalOf(payload: JWTPayload): Principal | undefined {
    const userId = payload[userClaim];
    if (typeof userId !== 'string' || textFault(userId, idRule) !== undefined) return undefined;
    const caller: Caller = { ...allowed, userId };
    return { caller, scopes: null, rate: { id: userId, keyName: null, perSecond: maxPerSecond } };
  }

  async function verify(token: string): Promise<Principal | CredentialsRefused> {
    let generation = 0;
    const keyOf: JWTVerifyGetKey = async (header, signed) => {
      const found = await keys.find(header, signed);
      generation = found.generation;
      return found.key;
    };
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        issuer,
        audience,
        algorithms,
        clockTolerance: toleranceSeconds,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', userClaim],
      });
      const principal = principalOf(payload);
      if (principal === undefined) return tokenInvalid;
      if (known.size >= remembered) known.delete(known.keys().next().value as string);
      known.set(token, { principal, until: (payload.exp ?? 0) * 1_000, generation });
      return principal;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return tokenExpired;
      if (error instanceof errors.JOSEError) return tokenInvalid;
      if (error instanceof TransientError) return issuerAway(keys.askableIn());
      throw error;
    }
  }

  return function checkToken(token) {
    const before = known.get(token);
    if (before !== undefined) {
      if (before.until > clock.now() && before.generation === keys.generation()) return before.principal;
      known.delete(token);
    }
    return token.length <= longestToken && shape.test(token) ? verify(token) : tokenInvalid;
  };
}
