/** A row to be published if and only if the transaction that appends it commits. */
export interface OutboxRow {
  /** Logical topic name. */
  readonly topic: string;
  readonly key: Buffer;
  readonly eventId: string;
  /** Framed record; null publishes a tombstone. */
  readonly payload: Buffer | null;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly traceparent?: string | null;
}
