import type { OutboxRow } from './outbox.ts';

/** Something that happened: stored once for its key, whoever sends it how often. */
export interface EventEntry {
  readonly kind: 'event';
  /** 128 bits that stand for (namespace, event_id), as uuid text. */
  readonly keyId: string;
  readonly row: OutboxRow;
}

/** A new state of a document: stored where its revision is greater than that of all before. */
export interface DocumentEntry {
  readonly kind: 'document';
  readonly document: { readonly kind: string; readonly namespace: string; readonly id: string };
  readonly revision: number;
  /** Tells equal content from other content of the same revision. */
  readonly digest: Buffer;
  readonly deleted: boolean;
  readonly row: OutboxRow;
}

export type IngestEntry = EventEntry | DocumentEntry;

/** `conflict`: the stored revision is the same, its content is not. */
export type EventResult = 'accepted' | 'duplicate';
export type EntryResult = EventResult | 'unchanged' | 'stale' | 'conflict';

/** Events in a transaction that is somebody else's to commit: with the offset of the records that brought them. */
export interface EventAppender<Tx> {
  /** As `IngestStore.append`, undone with the transaction. */
  append(tx: Tx, entries: readonly EventEntry[]): Promise<readonly EventResult[]>;
  /** Which of these keys an event has taken before. */
  known(tx: Tx, keyIds: readonly string[]): Promise<ReadonlySet<string>>;
}

export interface IngestStore {
  /**
   * One transaction: an outbox row for each accepted entry, events in the order given and documents in theirs.
   * Answers one result an entry, in the same order, after the commit. A key that comes twice in one call is a
   * duplicate of its first; a document that comes twice is judged in the order given.
   *
   * Throws FreshetError `sql_22…` where a value cannot be stored, TransientError where nothing is known to be
   * stored: after a lost connection the transaction may or may not have committed, and repeating is safe.
   */
  append(entries: readonly IngestEntry[]): Promise<readonly EntryResult[]>;
}
