import { TransientError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery, StatefulStage } from '../stage.ts';
import {
  assertAnswered,
  type Effect,
  nextAfter,
  outcomeOf,
  type Slice,
  type SliceResult,
  unhandled,
  type Verdict,
  verdictsOf,
} from './effect.ts';
import type { DeadLetterAppender, RunnerProgress, RunnerTransactions } from './ports.ts';
import { type SetAsideContext, setAside } from './set-aside.ts';

export interface StatefulEffectOptions<In, Tx> extends SetAsideContext<In> {
  readonly stage: StatefulStage<In, Tx>;
  readonly transactions: RunnerTransactions<Tx>;
  readonly progress: RunnerProgress<Tx>;
  readonly deadLetters: DeadLetterAppender<Tx>;
  /** Called after each commit: wakes the relay for what the stage put into the outbox, and may count. */
  afterCommit?(result: SliceResult<In>): void;
}

interface Answer {
  readonly outcome: Outcome;
  readonly attempt: number;
}

type Apply<In, Tx> = (tx: Tx, deliveries: readonly Delivery<In>[]) => Promise<Answer[]>;

/** Leaves the transaction, undoing it: another owner has moved the offset. */
class OffsetMoved extends Error {}

/** Leaves the transaction, undoing it: only so many records may be acted on. */
class OnlyAdmitted extends Error {
  readonly count: number;

  constructor(count: number) {
    super('the limit of dead letters is reached');
    this.count = count;
  }
}

/** The stage's own throw; everything else that fails inside a transaction is not its fault. */
class StageThrew extends Error {}

/**
 * One transaction a slice: the offset moves first, so that a zombie fails at its row lock before it does any work;
 * then the stage, its dead letters, commit. Exactly once by the compare-and-set on the offset.
 */
export function statefulEffect<In, Tx>(options: StatefulEffectOptions<In, Tx>): Effect<In> {
  const { stage, transactions, afterCommit } = options;
  const atOnce: Apply<In, Tx> = async (tx, deliveries) =>
    (await callStage(stage, tx, deliveries)).map((outcome) => ({ outcome, attempt: 1 }));
  const isolating: Apply<In, Tx> = (tx, deliveries) => bisect(stage, transactions, tx, deliveries);

  const attempt = async (slice: Slice<In>, apply: Apply<In, Tx>): Promise<SliceResult<In>> => {
    try {
      const result = await transactions.transaction((tx) => inTransaction(options, tx, slice, apply));
      afterCommit?.(result);
      return result;
    } catch (error) {
      if (error instanceof OffsetMoved) return { advanced: false, verdicts: [], next: slice.position.nextOffset };
      if (error instanceof OnlyAdmitted) return inPieces(first(slice, error.count));
      if (error instanceof StageThrew && apply === atOnce) return inPieces(slice);
      throw error;
    }
  };
  const inPieces = (slice: Slice<In>) => pieceByPiece(slice, (piece) => attempt(piece, isolating));
  return (slice) => attempt(slice, atOnce);
}

async function inTransaction<In, Tx>(
  options: StatefulEffectOptions<In, Tx>,
  tx: Tx,
  slice: Slice<In>,
  apply: Apply<In, Tx>,
): Promise<SliceResult<In>> {
  const { stateVersion, stage, topic, partition, next, position } = slice;
  const move = { stateVersion, stage, topic, partition, epoch: position.epoch, expected: position.nextOffset, next };
  if (!(await options.progress.advance(tx, move))) throw new OffsetMoved();
  const deliveries = slice.decoded.flatMap(({ delivery }) => (delivery === undefined ? [] : [delivery]));
  const answers = deliveries.length === 0 ? [] : await apply(tx, deliveries);
  const verdicts = verdictsOf(slice.decoded, answers);
  const count = slice.admits(verdicts.map(outcomeOf));
  if (count < verdicts.length) throw new OnlyAdmitted(count);
  const letters = setAside(slice, verdicts, options);
  if (letters.length > 0) await options.deadLetters.append(tx, letters);
  return { advanced: true, verdicts, next };
}

/**
 * Records isolated in one transaction. Bisecting applies good ones again and again, so that a long slice with a few bad
 * ones among them would hold its locks for minutes, and lose all of it where the process ends.
 */
const pieceRecords = 128;

/** Each piece commits by itself; ends where not all of one were admitted, or another owner has moved the offset. */
async function pieceByPiece<In>(
  slice: Slice<In>,
  attempt: (piece: Slice<In>) => Promise<SliceResult<In>>,
): Promise<SliceResult<In>> {
  const verdicts: Verdict<In>[] = [];
  let { position } = slice;
  for (let from = 0; from < slice.decoded.length; from += pieceRecords) {
    const decoded = slice.decoded.slice(from, from + pieceRecords);
    const before = verdicts.map(outcomeOf);
    const result = await attempt({
      ...slice,
      decoded,
      position,
      next: nextAfter(slice, from + decoded.length),
      admits: (outcomes) => slice.admits([...before, ...outcomes]) - before.length,
    });
    if (!result.advanced) return result;
    verdicts.push(...result.verdicts);
    position = { ...position, nextOffset: result.next };
    if (result.verdicts.length < decoded.length) break;
  }
  return { advanced: true, verdicts, next: position.nextOffset };
}

function first<In>(slice: Slice<In>, count: number): Slice<In> {
  return {
    ...slice,
    decoded: slice.decoded.slice(0, count),
    next: nextAfter(slice, count),
    admits: ({ length }) => length,
  };
}

async function callStage<In, Tx>(
  stage: StatefulStage<In, Tx>,
  tx: Tx,
  deliveries: readonly Delivery<In>[],
): Promise<readonly Outcome[]> {
  try {
    const outcomes = await stage.apply(tx, deliveries);
    assertAnswered(stage.name, outcomes, deliveries.length);
    return outcomes;
  } catch (error) {
    if (error instanceof TransientError) throw error;
    throw new StageThrew('the stage threw', { cause: error });
  }
}

/** Halves until the record that throws is alone: one bad record costs a logarithm of savepoints, not the batch. */
async function bisect<In, Tx>(
  stage: StatefulStage<In, Tx>,
  transactions: RunnerTransactions<Tx>,
  tx: Tx,
  deliveries: readonly Delivery<In>[],
): Promise<Answer[]> {
  try {
    const outcomes = await transactions.savepoint(tx, () => callStage(stage, tx, deliveries));
    return outcomes.map((outcome) => ({ outcome, attempt: 2 }));
  } catch (error) {
    if (!(error instanceof StageThrew)) throw error;
    if (deliveries.length === 1) return [{ outcome: unhandled(error.cause), attempt: 2 }];
  }
  const middle = Math.ceil(deliveries.length / 2);
  const left = await bisect(stage, transactions, tx, deliveries.slice(0, middle));
  const right = await bisect(stage, transactions, tx, deliveries.slice(middle));
  return [...left, ...right];
}
