import type {
  Actor,
  DeadLetterFilter,
  DeadLetterKey,
  DeadLetterSummary,
  ListPosition,
  OperatorAction,
  StoredDeadLetter,
} from '../../pipeline/stores/dead-letter.ts';

/** What became of a redrive, a discard or a rehearsal. */
export interface RunResult {
  readonly settled: number;
  readonly refused: number;
  readonly groups: readonly {
    readonly stage: string;
    readonly stateVersion: number;
    readonly topic: string;
    readonly reason: string;
    readonly refused: string | null;
    readonly count: number;
    readonly example: string;
    readonly message: string | null;
  }[];
  readonly busy: number;
  readonly notOpen: readonly string[];
  readonly absent: readonly string[];
  readonly endedBy: 'limit' | 'signal' | 'failure' | null;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export interface LetterView {
  readonly letter: StoredDeadLetter;
  readonly look: {
    readonly value?: unknown;
    readonly schema: string | null;
    readonly undecodable: string | null;
    readonly unreadableToday: string | null;
  };
  readonly history: readonly OperatorAction[];
}

export interface ChangeRequest {
  readonly selection: { readonly filter: DeadLetterFilter } | { readonly keys: readonly DeadLetterKey[] };
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface RedriveRequest extends ChangeRequest {
  readonly ratePerSecond?: number;
  readonly to?: string;
  readonly maxRedrives: number;
  readonly force: boolean;
}

/** What operators do with dead letters, whichever door they come through. */
export interface DeadLetterVerbs {
  summary(filter: DeadLetterFilter): Promise<readonly DeadLetterSummary[]>;
  list(
    filter: DeadLetterFilter,
    page: { readonly limit: number; readonly after?: ListPosition },
  ): Promise<readonly StoredDeadLetter[]>;
  show(key: DeadLetterKey): Promise<LetterView | undefined>;
  rehearse(request: RedriveRequest): Promise<RunResult>;
  redrive(request: RedriveRequest, actor: Actor): Promise<RunResult>;
  discard(request: ChangeRequest, actor: Actor): Promise<RunResult>;
}
