import { idAt, idBytes, idPrefix, keyOf, userCount, userOf } from './events.ts';
import type { FetchedRecord } from './fetch-protocol.ts';

/** What a topic must hold, and what was found in it. */
export interface Comparison {
  readonly expected: number;
  readonly records: number;
  readonly missing: number;
  /** Records beyond the first of an event. */
  readonly duplicates: number;
  /** Records that are no expected event, or not byte for byte what was written. */
  readonly foreign: number;
  /** First occurrences that stand behind a later event of their key. */
  readonly misordered: number;
}

export interface LedgerOptions {
  readonly payloads: Buffer;
  readonly payloadBytes: number;
  /** Events `0 … expected - 1` are to be found. */
  readonly expected: number;
  /** Events of one key written over different connections have no order; by default there is one. */
  readonly laneOf?: (i: number) => number;
  readonly laneCount?: number;
}

const prefix = Buffer.from(idPrefix, 'latin1');
const keys = Array.from({ length: userCount }, (_, user) => keyOf(user));

/** The number in a record's event id, or -1. */
export function eventNumber(value: Buffer): number {
  const digitsAt = idAt + prefix.length;
  if (value.length < idAt + idBytes || value.compare(prefix, 0, prefix.length, idAt, digitsAt) !== 0) return -1;
  const number = Number.parseInt(value.toString('latin1', digitsAt, idAt + idBytes), 16);
  return Number.isNaN(number) ? -1 : number;
}

/** Counts every event of a topic by its id. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #seen: Uint32Array;
  readonly #last: Int32Array;
  readonly #lanes: number;
  #records = 0;
  #foreign = 0;
  #misordered = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#seen = new Uint32Array(options.expected);
    this.#lanes = options.laneCount ?? 1;
    this.#last = new Int32Array(userCount * this.#lanes).fill(-1);
  }

  /** The event's number where this is its first occurrence, else -1. */
  take({ key, value }: Pick<FetchedRecord, 'key' | 'value'>): number {
    this.#records += 1;
    const i = eventNumber(value);
    if (i < 0 || i >= this.#options.expected || !this.#isAsWritten(i, key, value)) {
      this.#foreign += 1;
      return -1;
    }
    const seen = (this.#seen[i] as number) + 1;
    this.#seen[i] = seen;
    if (seen > 1) return -1;
    const lane = userOf(i) * this.#lanes + (this.#options.laneOf?.(i) ?? 0);
    if (i < (this.#last[lane] as number)) this.#misordered += 1;
    else this.#last[lane] = i;
    return i;
  }

  compare(): Comparison {
    const { expected } = this.#options;
    let found = 0;
    for (const count of this.#seen) if (count > 0) found += 1;
    return {
      expected,
      records: this.#records,
      missing: expected - found,
      duplicates: this.#records - this.#foreign - found,
      foreign: this.#foreign,
      misordered: this.#misordered,
    };
  }

  #isAsWritten(i: number, key: Buffer, value: Buffer): boolean {
    const { payloads, payloadBytes } = this.#options;
    const at = i * payloadBytes;
    return (
      value.length === payloadBytes &&
      value.compare(payloads, at, at + payloadBytes) === 0 &&
      (keys[userOf(i)] as Buffer).equals(key)
    );
  }
}
