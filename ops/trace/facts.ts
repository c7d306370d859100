/** Everything that was found of one event, and how far was searched. Instants in milliseconds since the epoch. */
export interface TraceFacts {
  readonly eventId: string;
  readonly namespace: string;
  readonly key: KeyFacts;
  readonly outbox: OutboxFacts;
  /** Ingest topics, by name. */
  readonly doors: readonly TopicFacts[];
  /** Of recorded interactions and impressions; one of them holds it. */
  readonly recorded: readonly TopicFacts[];
  readonly enriched: TopicFacts | undefined;
  /** What the event says, as far as any record of it could be read. */
  readonly event: EventFacts | undefined;
  readonly stages: readonly StageFacts[];
  readonly letters: readonly LetterFacts[];
  readonly versions: readonly VersionFacts[];
  /** Servers that could not be asked, in words. */
  readonly problems: readonly string[];
}

export interface KeyFacts {
  /** A door has accepted it, in the time that keys are kept. */
  readonly isTaken: boolean;
  /** Window of keys that holds it; null where none does. */
  readonly window: number | null;
  /** Since when the newest window is written. */
  readonly currentSince: number;
}

export interface OutboxFacts {
  readonly rows: readonly OutboxRowFacts[];
  readonly searched: readonly OutboxSearched[];
}

export interface OutboxRowFacts {
  readonly outbox: string;
  readonly seq: bigint;
  readonly shard: number;
  readonly topic: string;
  readonly key: string;
  readonly createdAt: number;
  readonly state: 'published' | 'waiting' | 'parked';
  /** Why it was parked. */
  readonly reason: string | null;
  /** The relay that holds its shard; null where none does. */
  readonly relay: string | null;
}

export interface OutboxSearched {
  readonly outbox: string;
  readonly rows: bigint;
  /** Creation of the oldest row that was looked at; undefined where there was none. */
  readonly backTo: number | undefined;
  /** Back to `--since`, or to the oldest row that is still there. */
  readonly isComplete: boolean;
}

export interface RecordFacts {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
}

export interface TopicFacts {
  readonly topic: string;
  /** In offset order a partition; the first is the one that counts. */
  readonly records: readonly RecordFacts[];
  readonly searchedRecords: bigint;
  /** Back to this instant, all of it. */
  readonly since: number;
  readonly isComplete: boolean;
}

export interface EventFacts {
  readonly kind: 'interaction' | 'impression';
  readonly userId: string;
  readonly receivedAt: number;
  readonly occurredAt: number;
  readonly itemId: string | null;
  readonly type: string | null;
  readonly consent: string | null;
}

/** Where a stage stands to a record. */
export interface StageFacts {
  readonly stage: string;
  readonly stateVersion: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** First offset without an effect; null where the stage never ran. */
  readonly next: bigint | null;
  readonly isPast: boolean;
  /** What processes say of it now: undefined where none runs it. */
  readonly running:
    | { readonly state: string; readonly paused: string | null; readonly waitingFor: string | null }
    | undefined;
}

export interface LetterFacts {
  readonly stage: string;
  readonly stateVersion: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly reason: string;
  readonly message: string;
  readonly status: 'open' | 'redriven' | 'discarded';
  readonly redriveCount: number;
  /** False where the record could not be read far enough. */
  readonly hasEventId: boolean;
  readonly lastFailedAt: number;
}

export interface VersionFacts {
  readonly version: number;
  readonly isActive: boolean;
  /** How often its state holds the event: 1 when all is well, 0 not yet or never. */
  readonly applied: number;
  readonly profile: { readonly revision: bigint; readonly isLast: boolean; readonly isRecent: boolean } | undefined;
  readonly sessionId: string | null;
  /** Interactions of the hour, segment, item and type that it was counted among; null where it is not counted so. */
  readonly activity: { readonly hour: number; readonly segment: string; readonly count: bigint } | null;
  readonly exposures: readonly { readonly kind: string; readonly itemId: string }[];
  /** The first record of the user's profile that reflects it. */
  readonly profileRecord: RecordFacts | undefined;
  readonly list: ListFacts | undefined;
}

export interface ListFacts {
  readonly computedAt: number;
  readonly reflects: { readonly eventId: string; readonly receivedAt: number } | undefined;
  readonly relation: 'this event' | 'a later one' | 'an earlier one' | 'none';
}
