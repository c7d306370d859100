import type { Clock } from '../../../kernel/clock.ts';
import type { Logger } from '../../../kernel/logger.ts';
import type { Metrics } from '../../../kernel/metrics.ts';
import type { PullRef } from '../../../stores/catalog-pull.ts';
import type { StoredPage } from './store-page.ts';

/** For health and displays; JSON-safe. */
export interface PullStatus {
  readonly namespace: string;
  /** `standby`: another process pulls. `idle`: until it is time for the next round. `waiting`: for the service, or for room; `problem` says why. */
  readonly state: 'starting' | 'pulling' | 'waiting' | 'idle' | 'standby';
  readonly problem: string | null;
  /** Of this process, since it was started. */
  readonly rounds: number;
  readonly items: Readonly<StoredPage['counts']>;
  /** When this process last ended a round, milliseconds since the epoch. */
  readonly round_ended_at: number | null;
}

export interface ProgressOptions {
  readonly ref: PullRef;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'catalogPullRejected' | 'catalogPullRoundAt'>;
}

type Counts = { -readonly [K in keyof StoredPage['counts']]: number };

/** What a pull is doing, and what it has done. */
export class PullProgress {
  readonly #options: ProgressOptions;
  #state: PullStatus['state'] = 'starting';
  #problem: string | null = null;
  #rounds = 0;
  #roundEndedAt: number | null = null;
  #rejected = 0;
  readonly #items: Counts = { accepted: 0, unchanged: 0, stale: 0, rejected: 0 };

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  status(): PullStatus {
    const { namespace } = this.#options.ref;
    const items = { ...this.#items };
    const [state, problem, rounds] = [this.#state, this.#problem, this.#rounds];
    return { namespace, state, problem, rounds, items, round_ended_at: this.#roundEndedAt };
  }

  begin(): void {
    this.#rejected = 0;
    if (this.#problem === null && this.#state !== 'standby') this.#state = 'pulling';
  }

  page({ counts }: StoredPage): void {
    for (const [status, count] of Object.entries(counts)) this.#items[status as keyof Counts] += count;
    this.#rejected += counts.rejected;
    this.#options.metrics.catalogPullRejected.set(this.#rejected);
    this.#set('pulling');
  }

  standby(): void {
    this.#set('standby');
  }

  rest(): void {
    this.#set('idle');
  }

  end(): void {
    const { clock, metrics } = this.#options;
    this.#rounds += 1;
    this.#roundEndedAt = clock.now();
    metrics.catalogPullRoundAt.set(this.#roundEndedAt / 1_000);
    this.#set('idle');
  }

  /** Logged when it is news, not at every attempt. */
  wait(why: string, level: 'warn' | 'error' = 'warn'): void {
    const { log, ref } = this.#options;
    if (why !== this.#problem)
      log[level]({ namespace: ref.namespace, why }, 'the catalogue is not pulled, trying again');
    this.#state = 'waiting';
    this.#problem = why;
  }

  #set(state: PullStatus['state']): void {
    const { log, ref } = this.#options;
    if (this.#problem !== null) log.info({ namespace: ref.namespace }, 'the catalogue is pulled again');
    this.#state = state;
    this.#problem = null;
  }
}
