/** One stage's place in one partition; state version 0 where the stage keeps no versioned state. */
export interface ProgressKey {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
}

/** Owner of a row that an operator moved starts with this. */
export const operatorMark = 'operator:';

export interface StoredProgress extends ProgressKey {
  /** First offset without an effect. */
  readonly nextOffset: bigint;
  readonly owner: string | null;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}

/**
 * The one truth for how far a stage has come; Kafka's committed offsets are hints.
 * Throws TransientError where waiting helps.
 */
export interface Progress<Tx> {
  /**
   * Takes the partition: the epoch rises, so that every later `advance` of a former owner fails.
   * Where there is no row yet, one is made that starts at `initial`. TransientError `state_version_retired` where
   * the version is not worked on any more: whoever asks is about to be stopped.
   */
  claim(
    key: ProgressKey & { readonly owner: string; readonly initial: bigint },
  ): Promise<{ readonly epoch: bigint; readonly nextOffset: bigint }>;
  /**
   * Compare-and-set: moves the offset to `next` where epoch and offset are still those given, else answers false and
   * changes nothing. With a transaction it takes the row's lock until commit, and is undone with it.
   */
  advance(
    tx: Tx | undefined,
    move: ProgressKey & { readonly epoch: bigint; readonly expected: bigint; readonly next: bigint },
  ): Promise<boolean>;
  /**
   * For operators: raises the epoch and, where `next` is given, sets the offset there; whoever has the partition finds
   * it in `moved`, claims it and goes on from there. Answers false where there is no row.
   */
  move(key: ProgressKey & { readonly operator: string; readonly next?: bigint }): Promise<boolean>;
  /** What `move` has moved and nobody has claimed since. */
  moved(stage: Pick<ProgressKey, 'stateVersion' | 'stage'>): Promise<readonly ProgressKey[]>;
  /** All rows of a stage, for operators and for measuring lag. */
  list(stage?: string): Promise<readonly StoredProgress[]>;
}
