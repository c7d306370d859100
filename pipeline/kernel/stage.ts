import type { Outcome } from './outcome.ts';

/** One decoded record on its way through a stage. */
export interface Delivery<V> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  /** Decoded with today's reader schema; null for a tombstone. */
  readonly value: V | null;
  /** Kafka's timestamp (publish time), milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** What a stage needs to know of a topic; satisfied by the catalogue's TopicDef. */
export interface TopicRef {
  readonly name: string;
}

interface StageBase {
  readonly name: string;
  readonly consumes: readonly TopicRef[];
  /** In the key of its offsets and dead letters; 0 where the stage keeps no versioned state. */
  readonly stateVersion: number;
}

/**
 * A stage whose effect may be repeated: `handle` gets a batch in offset order and answers one outcome
 * a delivery, in the same order. It never commits, retries, logs per record or touches a producer.
 * A TransientError pauses the partition; any other throw is repeated once record by record, then
 * becomes the dead letter `unhandled`.
 */
export interface StatelessStage<In, Out = never> extends StageBase {
  readonly kind: 'stateless';
  /** Where `emit` goes; absent where the stage only has effects. */
  readonly produces?: TopicRef;
  handle(batch: readonly Delivery<In>[]): Promise<readonly Outcome<Out>[]>;
}

/**
 * A stage whose effect, dead letters and offset are one transaction. `apply` may be called again for
 * parts of a batch (bisecting to savepoints), always inside the transaction it is handed.
 */
export interface StatefulStage<In, Tx> extends StageBase {
  readonly kind: 'stateful';
  apply(tx: Tx, batch: readonly Delivery<In>[]): Promise<readonly Outcome[]>;
}

export type Stage<In, Out, Tx> = StatelessStage<In, Out> | StatefulStage<In, Tx>;
