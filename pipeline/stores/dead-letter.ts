/** One Kafka header of the original record. */
export interface DeadLetterHeader {
  readonly name: string;
  readonly value: Buffer;
}

/** Names a letter: the stage and version that set it aside, and where its record was first. */
export interface DeadLetterKey {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** What operators see of a record that was set aside; the key is that of its first delivery. */
export interface DeadLetterEntry extends DeadLetterKey {
  readonly reason: string;
  readonly message: string;
  readonly eventId: string | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly DeadLetterHeader[];
  readonly writerSchemaId: number | null;
  readonly attempt: number;
  /** Times that the delivery which failed had been redriven. */
  readonly redriveCount: number;
  /** Milliseconds since the epoch. */
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  readonly appVersion: string;
  /** Kafka's timestamp of the original record; null where it was no instant. */
  readonly recordedAt: number | null;
}

export type DeadLetterStatus = 'open' | 'redriven' | 'discarded';

export interface StoredDeadLetter extends DeadLetterEntry {
  readonly status: DeadLetterStatus;
  readonly indexedAt: number;
  /** Last redrive or discard. */
  readonly actedAt: number | null;
  /** What operators did with it, oldest first: ids for `DeadLetters.history`. */
  readonly actions: readonly bigint[];
}

/** All that is given must hold. */
export interface DeadLetterFilter {
  readonly stage?: string;
  readonly stateVersion?: number;
  readonly reason?: string;
  readonly status?: DeadLetterStatus;
  readonly topic?: string;
  /** Of the original record, whole. */
  readonly key?: Buffer;
  readonly eventId?: string;
  /** Part of the error's message, whatever its case. */
  readonly text?: string;
  /** Last failure in [from, to), milliseconds since the epoch. */
  readonly from?: number;
  readonly to?: number;
}

export interface DeadLetterSummary {
  readonly stage: string;
  readonly stateVersion: number;
  readonly reason: string;
  readonly status: DeadLetterStatus;
  readonly count: number;
  readonly oldestFailedAt: number;
  readonly newestFailedAt: number;
}

export interface OpenLetters {
  readonly stage: string;
  readonly reason: string;
  readonly count: number;
  readonly oldestFailedAt: number;
}

/**
 * Written by `dlq-index` alone. The same event failing again (after another redrive, or later than the last failure
 * and the last action) updates its row and opens it; a letter that was indexed already changes nothing.
 * Throws TransientError where waiting helps.
 */
export interface DeadLetterIndex {
  put(entries: readonly DeadLetterEntry[]): Promise<void>;
  /** Deletes what failed last before then; answers how many. */
  expire(before: number): Promise<number>;
  /** What is open, for metrics. */
  open(): Promise<readonly OpenLetters[]>;
}

/** Where a list goes on: behind this letter. */
export interface ListPosition extends DeadLetterKey {
  readonly lastFailedAt: number;
}

/** What an operator did. */
export interface OperatorAction {
  readonly id: bigint;
  readonly at: number;
  readonly operator: string;
  readonly verb: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What operators ask. */
export interface DeadLetters {
  /** Newest failure first. Letters that come or fail again meanwhile are before the position: none is shown twice. */
  list(
    filter: DeadLetterFilter,
    page: { readonly limit: number; readonly after?: ListPosition },
  ): Promise<readonly StoredDeadLetter[]>;
  /** In the order of the keys; those that are not there are left out. */
  find(keys: readonly DeadLetterKey[]): Promise<readonly StoredDeadLetter[]>;
  summary(filter?: DeadLetterFilter): Promise<readonly DeadLetterSummary[]>;
  history(actions: readonly bigint[]): Promise<readonly OperatorAction[]>;
}

/** A letter that was chosen, before its bytes are read. */
export interface ChosenLetter extends DeadLetterKey {
  readonly bytes: number;
}

export interface Choice {
  /** Letters indexed later are left for another time: a redrive beside a failing stage comes to an end. */
  readonly indexedUntil: number;
  readonly after?: DeadLetterKey;
  readonly limit: number;
}

/** Who acts and why. */
export interface Actor {
  readonly operator: string;
  readonly reason: string;
}

/** JSON-safe. */
export type ActionDetails = Readonly<Record<string, unknown>>;

/** What operators do. */
export interface DeadLetterActions {
  /** The instant to choose letters by. */
  now(): Promise<number>;
  /** Open letters, in the order of their keys: those of a partition by offset. */
  choose(filter: DeadLetterFilter, choice: Choice): Promise<readonly ChosenLetter[]>;
  /** Versions of state that are worked on. */
  runningVersions(): Promise<ReadonlySet<number>>;
  /** The audit of one action: written when it begins, brought up to date with every change of a letter. */
  begin(actor: Actor, verb: string, details: ActionDetails): Promise<bigint>;
  /**
   * One transaction: locks those of the letters that are open and that nobody else has locked, hands them to `work`,
   * marks what it settled and brings the audit up to date. Whoever indexes the same letter waits, so a mark never
   * hides a newer failure. Where `work` throws, or this process dies, the letters are as before. Answers how many
   * were locked.
   */
  settle(keys: readonly DeadLetterKey[], action: SettleAction): Promise<number>;
  /** Brings the audit up to date when nothing else is changed. */
  note(action: bigint, details: ActionDetails): Promise<void>;
}

export interface SettleAction {
  readonly action: bigint;
  readonly status: 'redriven' | 'discarded';
  work(
    letters: readonly StoredDeadLetter[],
  ): Promise<{ readonly settled: readonly DeadLetterKey[]; readonly details: ActionDetails }>;
}
