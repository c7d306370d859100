import { FreshetError, messageOf } from '../errors.ts';
import { deadLetter, type Outcome } from '../outcome.ts';
import type { Decoded } from './decode.ts';
import type { OffsetKey, Position } from './ports.ts';

/** Part of a batch that is handled, and marked, as one. */
export interface Slice<In> extends OffsetKey {
  readonly decoded: readonly Decoded<In>[];
  readonly position: Position;
  /** Offset to mark when all of it is handled. */
  readonly next: bigint;
  /** How many of these may be acted on, from the first: all, unless dead letters reach their limit. */
  admits(outcomes: readonly Outcome<unknown>[]): number;
}

/** What became of one record of a slice. */
export interface Verdict<In, Out = unknown> {
  readonly decoded: Decoded<In>;
  readonly outcome: Outcome<Out>;
  readonly attempt: number;
}

export interface SliceResult<In> {
  /** False where another owner has moved the offset: nothing was marked. */
  readonly advanced: boolean;
  /** In offset order, from the first; fewer than the slice where not all were admitted. */
  readonly verdicts: readonly Verdict<In>[];
  readonly next: bigint;
}

/**
 * Gives a slice its effect and marks it. Throws TransientError where waiting and repeating the same slice helps;
 * a throw of the stage's own function never leaves it.
 */
export type Effect<In> = (slice: Slice<In>) => Promise<SliceResult<In>>;

export const isDead = ({ kind }: Outcome<unknown>): boolean => kind === 'dead-letter';

export const outcomeOf = <Out>({ outcome }: Verdict<unknown, Out>): Outcome<Out> => outcome;

/** The offset to mark when the first `count` records are handled. */
export function nextAfter<In>({ decoded, next, position }: Slice<In>, count: number): bigint {
  if (count === decoded.length) return next;
  const last = decoded[count - 1];
  return last === undefined ? position.nextOffset : last.record.offset + 1n;
}

/** One outcome a delivery is the stage's part of the bargain. */
export function assertAnswered(stage: string, outcomes: readonly unknown[], expected: number): void {
  if (outcomes.length === expected) return;
  const message = `${stage} answered ${outcomes.length} outcomes to ${expected} deliveries`;
  throw new FreshetError('stage_contract', message);
}

export const unhandled = (error: unknown): Outcome => deadLetter('unhandled', messageOf(error));

/** Puts the stage's outcomes beside those that were settled before it. `answers` are those of the deliveries, in order. */
export function verdictsOf<In, Out>(
  decoded: readonly Decoded<In>[],
  answers: readonly { readonly outcome: Outcome<Out>; readonly attempt: number }[],
): Verdict<In, Out>[] {
  let at = 0;
  return decoded.map((entry) => {
    if (entry.settled !== undefined) return { decoded: entry, outcome: entry.settled as Outcome<Out>, attempt: 1 };
    const answer = answers[at++];
    if (answer === undefined) throw new FreshetError('stage_contract', 'a delivery has no outcome');
    return { decoded: entry, ...answer };
  });
}
