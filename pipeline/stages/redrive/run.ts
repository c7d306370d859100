import { printAddress } from '../../domain/dead-letter-address.ts';
import { FreshetError, messageOf } from '../../kernel/errors.ts';
import type { ActionDetails, DeadLetterFilter, DeadLetterKey, StoredDeadLetter } from '../../stores/dead-letter.ts';
import { emptyTally, type Fate, type Group, refusals, type Tally, withFates } from './tally.ts';

/** Letters by what they are like, or by their keys. */
export type Selection = { readonly filter: DeadLetterFilter } | { readonly keys: readonly DeadLetterKey[] };

export interface RunRequest {
  readonly selection: Selection;
  /** Most letters to settle. */
  readonly limit?: number;
  /** Ends it after the batch in flight. */
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Redriven or discarded; in a rehearsal those that would be. */
  readonly settled: number;
  readonly refused: number;
  readonly groups: readonly Group[];
  /** Locked by another redrive or discard, or settled by it, when their turn came. */
  readonly busy: number;
  /** Named, and there, but not open. */
  readonly notOpen: readonly string[];
  /** Named, and not there. */
  readonly absent: readonly string[];
  /** Why it ended before all was looked at. */
  readonly endedBy: 'limit' | 'signal' | 'failure' | null;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** How far a redrive or a discard has come. */
export class Run {
  readonly #request: RunRequest;
  readonly #about: ActionDetails;
  readonly #absent: string[] = [];
  readonly #notOpen: string[] = [];
  #tally: Tally = emptyTally;
  #busy = 0;
  #isCut = false;
  #endedBy: RunResult['endedBy'] = null;
  #failure: RunResult['failure'] = null;

  /** `about` is what the audit says was asked for, beside the selection. */
  constructor(request: RunRequest, about: ActionDetails = {}) {
    this.#request = request;
    this.#about = { ...selectionDetails(request.selection), limit: request.limit ?? null, ...about };
  }

  /** Asked before something more is done. */
  get isOver(): boolean {
    if (this.#endedBy === null && this.#request.signal?.aborted) this.#endedBy = 'signal';
    if (this.#endedBy === null && this.#left <= 0) this.#endedBy = 'limit';
    return this.#endedBy !== null;
  }

  /** As many of these as may still be settled. */
  within<T>(all: readonly T[]): readonly T[] {
    if (all.length > this.#left) this.#isCut = true;
    return all.slice(0, this.#left);
  }

  /** Counts letters whose fate is certain. */
  add(fates: readonly Fate[]): void {
    this.#tally = withFates(this.#tally, fates);
  }

  /** Notes what became of the keys of a batch that could not be had. */
  missed(keys: readonly DeadLetterKey[], had: readonly DeadLetterKey[], found: readonly StoredDeadLetter[]): void {
    const isNamed = 'keys' in this.#request.selection;
    const done = new Set(had.map(printAddress));
    const there = new Map(found.map((letter) => [printAddress(letter), letter]));
    for (const address of keys.map(printAddress).filter((one) => !done.has(one))) {
      const letter = there.get(address);
      if (isNamed && letter === undefined) this.#absent.push(address);
      else if (isNamed && letter?.status !== 'open') this.#notOpen.push(address);
      else this.#busy += 1;
    }
  }

  fail(error: unknown): void {
    this.#endedBy = 'failure';
    this.#failure ??= { code: error instanceof FreshetError ? error.code : 'internal', message: messageOf(error) };
  }

  /** For the audit: how far it has come, with letters whose transaction is about to commit. */
  detailsWith(fates: readonly Fate[]): ActionDetails {
    return this.#details('begun', withFates(this.#tally, fates));
  }

  /** For the audit, in the end. */
  finalDetails(): ActionDetails {
    const ends = { limit: 'done', signal: 'stopped', failure: 'failed' } as const;
    return this.#details(this.#endedBy === null ? 'done' : ends[this.#endedBy], this.#tally);
  }

  result(): RunResult {
    const { settled, refused, groups } = this.#tally;
    const [absent, notOpen] = [this.#absent, this.#notOpen];
    const rest = {
      busy: this.#busy,
      absent,
      notOpen,
      endedBy: this.#endedBy ?? (this.#isCut ? 'limit' : null),
      failure: this.#failure,
    };
    return { settled, refused, groups, ...rest };
  }

  get #left(): number {
    return (this.#request.limit ?? Number.POSITIVE_INFINITY) - this.#tally.settled;
  }

  #details(state: string, tally: Tally): ActionDetails {
    const { settled, first } = tally;
    return { ...this.#about, state, settled, refused: refusals(tally), busy: this.#busy, first };
  }
}

/** JSON-safe; keys that were named are found by the letters' own actions. */
function selectionDetails(selection: Selection): ActionDetails {
  if ('keys' in selection) return { filter: null, named: selection.keys.length };
  const { key, ...filter } = selection.filter;
  return { filter: key === undefined ? filter : { ...filter, key: key.toString() }, named: null };
}
