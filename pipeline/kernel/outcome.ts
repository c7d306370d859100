/** Why a record was set aside; the closed list of the DeadLetter schema. */
export type DeadLetterReason =
  | 'undecodable'
  | 'schema_unknown'
  | 'schema_incompatible'
  | 'invalid'
  | 'unknown_item'
  | 'erased'
  | 'unhandled';

/** A record a stage wants published. `value: null` is a tombstone. */
export interface OutputRecord<V> {
  readonly key: Buffer;
  readonly value: V | null;
  readonly eventId: string;
  readonly occurredAt: number;
}

/** What became of one delivery. Foreseen outcomes are values; faults are throws. */
export type Outcome<Out = never> =
  | { readonly kind: 'emit'; readonly records: readonly OutputRecord<Out>[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'skip'; readonly reason: string }
  | {
      readonly kind: 'dead-letter';
      readonly reason: DeadLetterReason;
      readonly message: string;
      /** Finer than the reason, where there is a list of codes: a bounded label of the metrics. */
      readonly code?: string;
    };

export const done: Outcome = { kind: 'done' };
export const emit = <V>(...records: OutputRecord<V>[]): Outcome<V> => ({ kind: 'emit', records });
/** `reason` is a bounded label of the metrics, never data. */
export const skip = (reason: string): Outcome => ({ kind: 'skip', reason });
export const deadLetter = (reason: DeadLetterReason, message: string, code?: string): Outcome => ({
  kind: 'dead-letter',
  reason,
  message,
  ...(code === undefined ? {} : { code }),
});
