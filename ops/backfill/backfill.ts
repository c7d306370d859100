import type { Clock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import { untilAvailable } from '../../pipeline/kernel/retry.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import { activeOf } from '../rebuild/versions.ts';
import type { BackfillPosition, BackfillStore } from './progress-store.ts';
import { countUsers, partitionsWithoutCandidates, usersAfter } from './users.ts';

export interface BackfillOptions {
  readonly database: Queryable;
  readonly storeOf: (version: number) => BackfillStore;
  /** Different for each run. */
  readonly run: string;
  /** Null for all. */
  readonly namespace: string | null;
  /** Users a second put into the queue at most. */
  readonly rate: number;
  readonly resume: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** How long nothing may be taken out of the queue before the run gives up. */
  readonly patienceMs?: number;
  /** Told again and again; `done` counts lists made, in runs before this one too. */
  onProgress(done: number, total: number): void;
}

export interface BackfillResult {
  readonly version: number;
  readonly users: number;
  /** Users that were done, or on their way, when this run began. */
  readonly resumedAt: number;
}

/** Put in at once; they fit into the queue of one partition, should they all belong there. */
const pageUsers = 100;
const lookEveryMs = 100;
const patienceMs = 60_000;

/**
 * Has the list of every user of the active version made again: puts users into the queue of candidates, no more than
 * it holds, and waits until it is empty. What is not done stays known, so that a run with `resume` goes on there.
 * Throws FreshetError `backfill_no_candidates`, `backfill_stalled`, `backfill_failed`, `backfill_running`,
 * `backfill_other_namespace`, `backfill_version_changed`, `interrupted`.
 */
export async function backfill(options: BackfillOptions): Promise<BackfillResult> {
  const { version } = await activeOf(options.database);
  const store = options.storeOf(version);
  await mustHaveCandidates(options, version);
  const away = <T>(what: string, work: () => Promise<T>) => untilAvailable(what, options, work);
  if (!(await away('Redis', () => store.claim(options.run)))) throw running();
  try {
    const begin = await away('Redis', () => beginning(store, options));
    if (begin.cursor === undefined) await away('Redis', () => store.forget());
    const users = await new Run({ ...options, version, store, away }).all(begin);
    if ((await activeOf(options.database)).version !== version) {
      const message = `state version ${version} is no longer the active one: run the backfill again`;
      throw new FreshetError('backfill_version_changed', message);
    }
    const failed = await away('Redis', () => store.failed());
    await away('Redis', () => store.forget());
    if (failed > 0) {
      const message = `${failed} of ${users} lists could not be made; the log of the candidates processes says why`;
      throw new FreshetError('backfill_failed', message);
    }
    return { version, users, resumedAt: begin.queued };
  } finally {
    await store.release(options.run).catch(() => undefined); // without Redis it ends by itself
  }
}

async function beginning(store: BackfillStore, options: BackfillOptions): Promise<BackfillPosition> {
  const { namespace, resume } = options;
  const stopped = resume ? await store.position() : undefined;
  if (stopped === undefined) return { only: namespace, cursor: undefined, queued: 0 };
  if (stopped.only === namespace) return stopped;
  const before = stopped.only === null ? 'all namespaces: leave --namespace out' : `--namespace ${stopped.only}`;
  const message = `the run that stopped was of ${before}, or begin anew without --resume`;
  throw new FreshetError('backfill_other_namespace', message);
}

interface RunOptions extends BackfillOptions {
  readonly version: number;
  readonly store: BackfillStore;
  away<T>(what: string, work: () => Promise<T>): Promise<T>;
}

class Run {
  readonly #options: RunOptions;
  #total = 0;
  #done = -1;
  #lastMoveAt: number;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#lastMoveAt = options.clock.monotonic();
  }

  /** Answers how many users there were. */
  async all(begin: BackfillPosition): Promise<number> {
    const { database, version, namespace, rate, clock, store, away } = this.#options;
    const wanted = { version, namespace };
    this.#total = await away('Postgres', () => countUsers(database, wanted));
    const startedAt = clock.monotonic();
    let position = begin;
    for (;;) {
      const limit = Math.min(pageUsers, Math.max(1, Math.floor(rate)));
      const from = { cursor: position.cursor, limit };
      const page = await away('Postgres', () => usersAfter(database, wanted, from));
      if (page.length === 0) break;
      await this.#untilRoom(position.queued, page.length);
      const queued = position.queued + page.length;
      position = { ...position, cursor: page.at(-1), queued };
      const next = position;
      await away('Redis', () => store.add(page, next));
      this.#lastMoveAt = clock.monotonic();
      await this.#pace(startedAt + ((queued - begin.queued) / rate) * 1_000, queued);
    }
    await this.#untilEmpty(position.queued);
    return position.queued;
  }

  /** The rate is kept by waiting for a page's share of time; meanwhile it is looked how many are done. */
  async #pace(until: number, queued: number): Promise<void> {
    const { clock, signal } = this.#options;
    await this.#look(queued, 0);
    for (let leftMs = until - clock.monotonic(); leftMs > 0; leftMs = until - clock.monotonic()) {
      await clock.sleep(Math.min(leftMs, 1_000), signal);
      await this.#look(queued, 0);
    }
  }

  async #untilRoom(queued: number, more: number): Promise<void> {
    while ((await this.#look(queued, more)).isFull) await this.#wait();
  }

  async #untilEmpty(queued: number): Promise<void> {
    while ((await this.#look(queued, 0)).count > 0) await this.#wait();
  }

  async #wait(): Promise<void> {
    await this.#options.clock.sleep(lookEveryMs, this.#options.signal);
  }

  /** What waits. Keeps the claim, tells the progress, and throws where going on makes no sense. */
  async #look(queued: number, more: number): Promise<{ readonly count: number; readonly isFull: boolean }> {
    const { store, run, away, signal, clock, onProgress } = this.#options;
    if (signal.aborted) throw new FreshetError('interrupted', 'stopped by a signal; --resume goes on where it was');
    if (!(await away('Redis', () => store.claim(run)))) throw running();
    const waiting = await away('Redis', () => store.waiting(more));
    const done = Math.max(0, queued - waiting.count);
    if (done > this.#done) this.#lastMoveAt = clock.monotonic();
    this.#done = Math.max(done, this.#done);
    onProgress(done, Math.max(this.#total, queued));
    if (clock.monotonic() - this.#lastMoveAt > (this.#options.patienceMs ?? patienceMs)) await this.#giveUp();
    return waiting;
  }

  async #giveUp(): Promise<never> {
    await mustHaveCandidates(this.#options, this.#options.version);
    const message = 'candidates take no more users, though they run: look at their log and at GET /stream/worker';
    throw new FreshetError('backfill_stalled', `${message}; --resume goes on where it was`);
  }
}

/** A fleet that is just being started or rebalanced is given some seconds. */
async function mustHaveCandidates(options: BackfillOptions, version: number): Promise<void> {
  const { database, clock, signal } = options;
  const deadline = clock.monotonic() + Math.min(10_000, options.patienceMs ?? patienceMs);
  for (;;) {
    const missing = await partitionsWithoutCandidates(database, version);
    if (missing.length === 0) return;
    if (signal.aborted || clock.monotonic() >= deadline) throw noCandidates(version, missing);
    await clock.sleep(500, signal);
  }
}

const running = () =>
  new FreshetError('backfill_running', 'another backfill runs, or ended less than 30 s ago without saying so');

function noCandidates(version: number, missing: readonly number[]): FreshetError {
  const whose = `partitions ${missing.join(', ')} of the profile topic`;
  const remedy = 'start one (`npx freshet run --roles candidates`) and repeat with --resume';
  return new FreshetError(
    'backfill_no_candidates',
    `no candidates process makes lists of state version ${version} for ${whose}: ${remedy}`,
  );
}
