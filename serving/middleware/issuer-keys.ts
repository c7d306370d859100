import { hash } from 'node:crypto';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Component } from '../../pipeline/kernel/component.ts';
import { messageOf, TransientError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';

export interface IssuerKey {
  readonly key: CryptoKey;
  /** Of the set that it is from. */
  readonly generation: number;
}

/** Public keys of whoever issues tokens, held in memory. */
export interface IssuerKeys {
  /**
   * The key that a token says it is signed with. Waits for the issuer only where the key is not known, and not again
   * within the cooldown. Throws errors of jose where a reading that began after the token first came has no such key,
   * TransientError where nobody can tell yet.
   */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey>;
  /** Whole seconds until the issuer may be asked again, 0 where it may be now. */
  askableIn(): number;
  /** Another number with other keys: what was proved with those before has to be proved again. */
  generation(): number;
}

export interface IssuerKeysDeps {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetch?: typeof fetch;
}

/** Keys that an issuer takes back are gone after this. */
const refreshMs = 300_000;
const answerWithinMs = 5_000;
/** Between two questions for a key that is not known: tokens with made-up keys cost the issuer no more. */
const cooldownMs = 30_000;
const cooldownWhileAwayMs = 5_000;
/** Tokens whose key is not known, each some 100 bytes; the one that came first is forgotten for another. */
const doubtfulTokens = 10_000;

interface KeySet {
  readonly text: string;
  readonly generation: number;
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey>;
}

/** The number that was given with a token's first coming, while it is remembered. By signature: a `kid` is anybody's to guess. */
function firstComings(): (token: FlattenedJWSInput, number: number) => number {
  const known = new Map<string, number>();
  return (token, number) => {
    const name = hash('sha256', token.signature, 'base64url');
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size >= doubtfulTokens) known.delete(known.keys().next().value as string);
    known.set(name, number);
    return number;
  };
}

/** The key, or undefined where the set has none that fits; throws other errors of jose. */
async function keyIn(set: KeySet | undefined, header: JWSHeaderParameters, token: FlattenedJWSInput) {
  try {
    return await set?.find(header, token);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    throw error;
  }
}

/** Throws an error of jose where the text is no set of keys. */
function keySetOf(text: string, generation: number): KeySet {
  const find = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  return { text, generation, find: async (header, token) => ({ key: await find(header, token), generation }) };
}

/** Keeps the issuer's keys. Those known stay usable while the issuer is away; the process is ready without it. */
export function createIssuerKeys(deps: IssuerKeysDeps): { readonly keys: IssuerKeys; readonly component: Component } {
  const { url, clock, log } = deps;
  let held: KeySet | undefined;
  let asked: { readonly at: number; readonly succeeded: boolean } | undefined;
  let underWay: Promise<void> | undefined;
  /** Readings that were begun, and which of them is the newest that succeeded. */
  let begun = 0;
  let read = 0;
  const firstCame = firstComings();

  async function load(): Promise<void> {
    begun += 1;
    try {
      const response = await (deps.fetch ?? fetch)(url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        signal: AbortSignal.timeout(answerWithinMs),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      if (text !== held?.text) {
        held = keySetOf(text, (held?.generation ?? 0) + 1);
        log.info({ url }, 'keys of the issuer of tokens are read');
      }
      asked = { at: clock.monotonic(), succeeded: true };
      read = begun;
    } catch (error) {
      asked = { at: clock.monotonic(), succeeded: false };
      log.warn({ url, error: messageOf(error) }, 'keys of the issuer of tokens not read, those known stay valid');
    }
  }
  const ask = (): Promise<void> => {
    underWay ??= load().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const askableIn = (): number => {
    if (asked === undefined) return 0;
    const cooldown = asked.succeeded ? cooldownMs : cooldownWhileAwayMs;
    return Math.max(0, Math.ceil((asked.at + cooldown - clock.monotonic()) / 1_000));
  };

  async function find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey> {
    const before = await keyIn(held, header, token);
    if (before !== undefined) return before;
    const came = firstCame(token, begun);
    if (underWay !== undefined || askableIn() === 0) await ask();
    const after = await keyIn(held, header, token);
    if (after !== undefined) return after;
    if (read > came) throw new errors.JWKSNoMatchingKey();
    throw new TransientError('issuer_unavailable', 'the keys of the issuer of tokens cannot be read again yet');
  }

  return {
    keys: { find, askableIn, generation: () => held?.generation ?? 0 },
    component: {
      name: 'issuer-keys',
      async start() {
        const stopping = new AbortController();
        const loop = (async () => {
          while (!stopping.signal.aborted) {
            await ask();
            await clock.sleep(asked?.succeeded ? refreshMs : cooldownWhileAwayMs, stopping.signal);
          }
        })();
        return {
          async stop() {
            stopping.abort();
            await loop;
          },
        };
      },
    },
  };
}
