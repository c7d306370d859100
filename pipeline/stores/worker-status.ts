/** What a process says of itself; JSON-safe. */
export interface WorkerSays {
  /** Unique among all processes, past ones included. */
  readonly instance: string;
  readonly roles: readonly string[];
  readonly appVersion: string;
  readonly state: unknown;
}

export interface StoredWorker extends WorkerSays {
  /** By the store's clock, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly seenAt: number;
  /** Since it was last heard of, by the store's clock. */
  readonly silentMs: number;
}

/** A stage's stored offset, and when it last moved. */
export interface StoredOffset {
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: bigint;
  readonly owner: string | null;
  readonly updatedAt: number;
}

/** Processes as they last said themselves. Throws TransientError where waiting helps. */
export interface WorkerStatusStore {
  /** Replaces what the process said before, and removes whoever has been silent for a minute. */
  write(worker: WorkerSays): Promise<void>;
  remove(instance: string): Promise<void>;
  /** Everything at once, for whoever wants to see all of the installation. */
  read(): Promise<{
    readonly workers: readonly StoredWorker[];
    readonly offsets: readonly StoredOffset[];
    /** State versions that are worked on. */
    readonly versions: readonly { readonly version: number; readonly source: 'enriched' | 'recorded' }[];
  }>;
  close(): Promise<void>;
}
