import { bodyOf, type Outcome, outcomesOf, refusalsOf } from './batch.ts';
import { EventBuffer, type Waiting, waitingOf } from './buffer.ts';
import type { Cancel, Environment } from './environment.ts';
import { FreshetRequestError, letGo } from './errors.ts';
import { asOf } from './events.ts';
import type { LogResults } from './generated/api.ts';
import { type ClientOptions, keepaliveBytes, type Rejected, type Settings, type Tracked } from './options.ts';
import { waitAfter, withRetries } from './retry.ts';
import type { Outgoing, Send } from './send.ts';
import type { ServerClock } from './server-clock.ts';

export interface TrackerDeps {
  readonly send: Send;
  readonly settings: Settings;
  readonly environment: Environment;
  readonly clock: ServerClock;
  readonly told: Pick<ClientOptions, 'onDrop' | 'onRejected' | 'onRetry'>;
}

/** Statuses of a request that may be taken in parts. */
const splittable: readonly (number | undefined)[] = [400, 413];

/** Statuses that events outlast, beside the transient ones: a stale token, a request that came too slowly or too early. */
const passing: readonly (number | undefined)[] = [401, 408, 425];

const isForNow = (error: FreshetRequestError): boolean => error.isTransient || passing.includes(error.status);

/**
 * Sends events in batches, one request at a time and oldest first. An event leaves the buffer when the server has answered
 * for it; until then it is sent again under the same `event_id`, which the server counts once.
 */
export class Tracker {
  readonly #deps: TrackerDeps;
  readonly #buffer: EventBuffer;
  readonly #sending = new Set<Waiting>();
  readonly #hiding = new Set<Waiting>();
  readonly #stopHiding: Cancel;
  #timer: Cancel | undefined;
  #pass: Promise<void> | undefined;
  #failures = 0;
  #isClosed = false;
  #closed: Promise<void> | undefined;

  constructor(deps: TrackerDeps) {
    this.#deps = deps;
    this.#buffer = new EventBuffer(deps.settings.buffer);
    this.#stopHiding = deps.environment.onHide(() => this.#hide());
  }

  /** Events that no answer has come for. */
  get pending(): number {
    return this.#buffer.count;
  }

  /** `takenAt`: what the device's clock showed, where `occurred_at` is ours. */
  add(tracked: Tracked, takenAt: number | undefined): void {
    if (this.#isClosed) {
      this.#drop(tracked, 'closed');
      return;
    }
    const one = waitingOf(tracked, takenAt);
    const dropped = this.#buffer.add(one, new Set([...this.#sending, ...this.#hiding]));
    for (const each of dropped) this.#drop(each.tracked, each === one ? 'too_large' : 'buffer_full');
    this.#schedule();
  }

  /** Sends all there is; resolves when nothing is left, rejects where `attempts` attempts in a row have failed. */
  async flush(): Promise<void> {
    const { settings, environment } = this.#deps;
    await withRetries(() => this.#run(), { settings, environment, isForNow });
  }

  /** Sends what can be sent, drops the rest and takes nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    await this.flush().catch(letGo); // what is left is told of below
    this.#timer?.();
    this.#stopHiding();
    for (const { tracked } of this.#buffer.clear()) this.#drop(tracked, 'closed');
  }

  /** When the next batch goes: now if one is full, else when its oldest event has waited; after a failure when it is time. */
  #schedule(): void {
    const { settings, environment } = this.#deps;
    const { count, bytes, afterMs } = settings.batch;
    if (this.#pass !== undefined || this.#failures > 0 || this.#buffer.count === 0) return;
    if (this.#buffer.count >= count || this.#buffer.bytes >= bytes) this.#start();
    else this.#timer ??= environment.setTimer(() => this.#start(), afterMs);
  }

  #start(): void {
    this.#run().catch(letGo); // a failure has set its timer
  }

  /** One pass over the buffer; those who ask meanwhile share it. */
  async #run(): Promise<void> {
    this.#timer?.();
    this.#timer = undefined;
    this.#pass ??= this.#sendAll().finally(() => {
      this.#pass = undefined;
    });
    await this.#pass;
    this.#schedule();
  }

  async #sendAll(): Promise<void> {
    const { settings } = this.#deps;
    while (this.#buffer.count > 0) {
      const batch = this.#buffer.oldest(settings.batch);
      for (const one of batch) this.#sending.add(one);
      try {
        await this.#deliver(batch);
        this.#failures = 0;
      } catch (error) {
        if (error instanceof FreshetRequestError) this.#waitAfter(error);
        throw error;
      } finally {
        for (const one of batch) this.#sending.delete(one);
      }
    }
  }

  #waitAfter(error: FreshetRequestError): void {
    const { settings, environment, told } = this.#deps;
    this.#failures += 1;
    const waitMs = waitAfter(this.#failures, error, settings, environment.random);
    if (!this.#isClosed) this.#timer = environment.setTimer(() => this.#start(), waitMs);
    this.#tell(() => told.onRetry?.(error, waitMs));
  }

  /** Rejects where it is to be sent again; everything else is settled. */
  async #deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#post(batch);
    } catch (error) {
      if (!(error instanceof FreshetRequestError) || isForNow(error)) throw error;
      if (batch.length > 1 && splittable.includes(error.status)) {
        const half = Math.ceil(batch.length / 2);
        await this.#deliver(batch.slice(0, half));
        return this.#deliver(batch.slice(half));
      }
      this.#settle(refusalsOf(batch, error), error.requestId);
    }
  }

  async #post(batch: readonly Waiting[], how: Pick<Outgoing, 'keepalive'> = {}): Promise<void> {
    const { send } = this.#deps;
    const results = await send<LogResults>({ method: 'POST', path: '/log/batch', body: bodyOf(batch), ...how });
    this.#settle(outcomesOf(batch, results), undefined);
  }

  #settle(outcomes: readonly Outcome[], requestId: string | undefined): void {
    const refused: Rejected[] = [];
    for (const { waiting, error } of outcomes) {
      if (error?.code === 'in_future' && waiting.takenAt !== undefined) {
        this.#tellAgain(waiting, waiting.takenAt);
        continue;
      }
      const wasThere = this.#buffer.remove(waiting);
      if (wasThere && error) refused.push({ tracked: waiting.tracked, error, requestId });
    }
    for (const one of refused) this.#tell(() => this.#deps.told.onRejected?.(one));
  }

  #drop(tracked: Tracked, reason: Parameters<NonNullable<ClientOptions['onDrop']>>[1]): void {
    this.#tell(() => this.#deps.told.onDrop?.(tracked, reason));
  }

  /** Calls back; a fault there is the caller's, and stops nothing here. */
  #tell(callBack: () => void): void {
    try {
      callBack();
    } catch (fault) {
      this.#deps.environment.report(fault);
    }
  }

  /** Once, by the server's clock; without its answer's date, as of when it is received. */
  #tellAgain(waiting: Waiting, takenAt: number): void {
    const { clock } = this.#deps;
    clock.distrust();
    this.#buffer.replace(waiting, waitingOf(asOf(waiting.tracked, clock.at(takenAt) ?? null), undefined));
  }

  /** The page goes, perhaps for good: what fits is sent so that it outlives the page, also what is on its way already. */
  #hide(): void {
    const batch = this.#buffer.oldest({ count: Number.POSITIVE_INFINITY, bytes: keepaliveBytes }, this.#hiding);
    if (batch.length === 0) return;
    for (const one of batch) this.#hiding.add(one);
    this.#post(batch, { keepalive: true })
      .catch(letGo) // where the page stays, it is sent as ever
      .finally(() => {
        for (const one of batch) this.#hiding.delete(one);
      });
  }
}
