import type { Clock } from '../../kernel/clock.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { EntryResult, IngestStore } from '../../stores/ingest.ts';
import { commitUnits, type Unit, type UnitOutcome } from './commit-units.ts';

/** What became of one entry: `not_storable` where the database refuses its values. */
export type StoredResult = EntryResult | 'not_storable';

export type SubmitAnswer =
  | { readonly kind: 'stored'; readonly results: readonly StoredResult[] }
  /** Too much is waiting already; nothing was stored. */
  | { readonly kind: 'overloaded' }
  /** Postgres is away or too slow: not known to be stored, and safe to repeat. */
  | { readonly kind: 'unavailable' }
  /** A fault of ours, logged; the same submission would fail again. */
  | { readonly kind: 'failed' };

export interface GroupCommitOptions {
  readonly store: IngestStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'ingestCommitSeconds' | 'ingestBatchSize'> & {
    readonly ingestQueueDepth: Pick<Metrics['ingestQueueDepth'], 'set'>;
  };
  /** Called after each commit that stored something. */
  readonly onCommitted: () => void;
  /** Entries that may wait or be under way. */
  readonly queueLimit: number;
}

/** A request waits at most this long for others; one alone does not wait while nothing is under way. */
const collectMs = 3;
const groupEntries = 1_000;
/** The second group is sent while the first one's commit is being flushed to disk. */
const groupsInFlight = 2;
/** Longer than any healthy commit; a request is then answered, its group goes on. */
const answerWithinMs = 5_000;
/** A watched deadline is looked at no more often. */
const leastWatchMs = 5;

const first = <T>(set: ReadonlySet<T>): T | undefined => set.values().next().value;

interface Submission {
  readonly units: readonly Unit[];
  readonly size: number;
  /** Monotonic, milliseconds. */
  readonly deadline: number;
  readonly settle: (answer: SubmitAnswer) => void;
}

const sizeOf = (units: readonly Unit[]): number => units.reduce((sum, { entries }) => sum + entries.length, 0);

/**
 * Gathers what requests bring into common transactions, two in flight. Entries of one submission keep their
 * order. Of two submissions that are under way together either may commit first, so a client that wants
 * order waits for its answer.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue: Submission[] = [];
  /** Not answered yet, oldest deadline first. */
  readonly #unanswered = new Set<Submission>();
  #waitingEntries = 0;
  /** Entries waiting or under way. */
  #heldEntries = 0;
  readonly #inFlight = new Set<{ readonly sentAt: number }>();
  #isCollecting = false;
  /** Set while the deadline of the oldest submission is watched. */
  #watching: AbortController | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** What a submission of so many entries would be answered at once; undefined where there is room for it. */
  refusal(size: number): 'overloaded' | 'unavailable' | undefined {
    const { clock, queueLimit } = this.#options;
    const isFull = this.#heldEntries > 0 && this.#heldEntries + size > queueLimit;
    if (this.#onIdle || isFull) return 'overloaded';
    const stuckSince = clock.monotonic() - answerWithinMs;
    const isStuck =
      this.#inFlight.size >= groupsInFlight && [...this.#inFlight].every((one) => one.sentAt < stuckSince);
    return isStuck ? 'unavailable' : undefined;
  }

  /** Resolves after the commit. The units stay together: all of them are in one group, in the order given. */
  async submit(units: readonly Unit[]): Promise<SubmitAnswer> {
    const size = sizeOf(units);
    if (size === 0) return { kind: 'stored', results: [] };
    const refused = this.refusal(size);
    if (refused) return { kind: refused };
    return new Promise<SubmitAnswer>((resolve) => {
      const deadline = this.#options.clock.monotonic() + answerWithinMs;
      const submission: Submission = {
        units,
        size,
        deadline,
        settle: (answer) => {
          this.#unanswered.delete(submission);
          resolve(answer);
        },
      };
      this.#queue.push(submission);
      this.#unanswered.add(submission);
      this.#waitingEntries += size;
      this.#hold(size);
      this.#collect();
      void this.#watch();
    });
  }

  /** Refuses what comes from now on and resolves when all before it is answered. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#hold(0);
    });
  }

  #hold(change: number): void {
    this.#heldEntries += change;
    this.#options.metrics.ingestQueueDepth.set(this.#heldEntries);
    if (this.#heldEntries > 0 || !this.#onIdle) return;
    this.#watching?.abort();
    this.#onIdle();
  }

  /** One timer for all submissions, since each gets the same time. What was not sent when its time is over is left out. */
  async #watch(): Promise<void> {
    if (this.#watching) return;
    const { clock } = this.#options;
    const watching = new AbortController();
    this.#watching = watching;
    const { signal } = watching;
    for (let oldest = first(this.#unanswered); oldest && !signal.aborted; oldest = first(this.#unanswered)) {
      const leftMs = oldest.deadline - clock.monotonic();
      if (leftMs > 0) await clock.sleep(Math.max(leastWatchMs, leftMs), signal);
      else this.#giveUp(oldest);
    }
    this.#watching = undefined;
  }

  #giveUp(submission: Submission): void {
    submission.settle({ kind: 'unavailable' });
    if (this.#queue[0] !== submission) return;
    this.#queue.shift();
    this.#waitingEntries -= submission.size;
    this.#hold(-submission.size);
  }

  #collect(): void {
    if (this.#isCollecting || this.#queue.length === 0 || this.#inFlight.size >= groupsInFlight) return;
    if (this.#waitingEntries >= groupEntries) {
      this.#send();
      return;
    }
    this.#isCollecting = true;
    void this.#options.clock.sleep(this.#inFlight.size === 0 ? 0 : collectMs).then(() => {
      this.#isCollecting = false;
      this.#send();
    });
  }

  #send(): void {
    while (this.#inFlight.size < groupsInFlight && this.#queue.length > 0) {
      const group = this.#takeGroup();
      const flight = { sentAt: this.#options.clock.monotonic() };
      this.#inFlight.add(flight);
      void this.#commit(group).finally(() => {
        this.#inFlight.delete(flight);
        this.#collect();
      });
    }
  }

  #takeGroup(): Submission[] {
    const group: Submission[] = [];
    let size = 0;
    for (let next = this.#queue[0]; next && (size === 0 || size + next.size <= groupEntries); next = this.#queue[0]) {
      this.#queue.shift();
      this.#waitingEntries -= next.size;
      group.push(next);
      size += next.size;
    }
    return group;
  }

  async #commit(group: readonly Submission[]): Promise<void> {
    const { store, clock, log, metrics, onCommitted } = this.#options;
    const units = group.flatMap((one) => one.units);
    const startedAt = clock.monotonic();
    const outcomes = await commitUnits(store, units);
    metrics.ingestCommitSeconds.observe((clock.monotonic() - startedAt) / 1_000);
    metrics.ingestBatchSize.observe(sizeOf(units));
    logFaults(outcomes, log);
    if (outcomes.some(({ kind }) => kind === 'stored')) onCommitted();
    let at = 0;
    for (const { units: own, settle } of group) {
      settle(answerOf(own, outcomes.slice(at, at + own.length)));
      at += own.length;
    }
    this.#hold(-sizeOf(units));
  }
}

/** A fault that is not an outage concerns us: nobody else can mend it. */
function logFaults(outcomes: readonly UnitOutcome[], log: Logger): void {
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  if (failed?.kind !== 'failed') return;
  const fields = { error: messageOf(failed.error) };
  if (failed.error instanceof TransientError) log.warn(fields, 'group not stored, clients are asked to repeat');
  else log.error(fields, 'group not stored');
}

function answerOf(units: readonly Unit[], outcomes: readonly UnitOutcome[]): SubmitAnswer {
  const results: StoredResult[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind === 'failed') {
      return { kind: outcome.error instanceof TransientError ? 'unavailable' : 'failed' };
    }
    const refused = units[index]?.entries.map((): StoredResult => 'not_storable') ?? [];
    results.push(...(outcome.kind === 'stored' ? outcome.results : refused));
  }
  return { kind: 'stored', results };
}
