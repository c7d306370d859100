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
   * within the cooldown. Throws errors of jose where there is no such key, TransientError where nobody can tell.
   */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey>;
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

interface KeySet {
  readonly text: string;
  readonly generation: number;
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey>;
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

  async function load(): Promise<void> {
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
  const mayAsk = (): boolean =>
    asked === undefined || clock.monotonic() - asked.at >= (asked.succeeded ? cooldownMs : cooldownWhileAwayMs);

  async function find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<IssuerKey> {
    const before = held;
    try {
      if (before !== undefined) return await before.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (!mayAsk() && underWay === undefined && asked?.succeeded) throw error;
    }
    if (underWay !== undefined || mayAsk()) await ask();
    if (held === undefined || !asked?.succeeded)
      throw new TransientError('issuer_unavailable', 'the keys of the issuer of tokens cannot be read');
    return held.find(header, token);
  }

  return {
    keys: { find, generation: () => held?.generation ?? 0 },
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
