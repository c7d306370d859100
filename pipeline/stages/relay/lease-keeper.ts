import type { Clock } from '../../kernel/clock.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { LeaseSession, LeaseSessions, LeaseView } from '../../stores/relay.ts';
import { planLeases } from './fair-share.ts';
import { HeldLeases, type HeldLeasesOptions } from './held-leases.ts';
import { createWake } from './wake.ts';

/** Stops requests at the last moment, in the socket, where the process slept past its lease. */
export interface ProducePermit {
  /** Requests may be written until this instant of the monotonic clock. */
  allowUntil(monotonicMs: number): void;
}

export interface LeaseKeeperOptions extends HeldLeasesOptions {
  readonly sessions: LeaseSessions;
  readonly relay: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly permit?: ProducePermit;
  /** Held shards changed, or publishing is allowed again. */
  onChange(): void;
  /** Resolves when no page of these shards is in flight any more. */
  drain(shards: readonly number[]): Promise<void>;
  fail(error: unknown): void;
}

/** Renewals an expiry; three may fail before a lease is lost. */
const renewalsPerLease = 4;
/** Share of the lease time after which its holder sends nothing, counted from before the renewal was sent. */
const deadlineShare = 0.8;

/** Keeps this relay's leases on a timer of its own, so that a slow broker or a long page cannot lose them. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases: HeldLeases;
  readonly #wake;
  #session: LeaseSession | undefined;
  #deadline = Number.NEGATIVE_INFINITY;
  /** Losses after which pages of the lost shards may still be on their way. */
  #draining = 0;
  #stopping = false;
  #lookedAgain = false;
  #problem: string | undefined = 'no lease renewed yet';
  #running: Promise<void> = Promise.resolve();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#leases = new HeldLeases(options);
    this.#wake = createWake(options.clock);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Shard → epoch of what may be published; without those being handed over. */
  held(): ReadonlyMap<number, bigint> {
    return this.#leases.current;
  }

  /** False once the last renewal may have run out: nothing may be sent then. */
  mayPublish(): boolean {
    return this.#draining === 0 && this.#options.clock.monotonic() < this.#deadline;
  }

  unready(): string | undefined {
    return this.#problem;
  }

  /** Gives everything back; what was held must be drained before. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake.signal();
    await this.#running;
    await this.#session?.close(this.#leases.clear()).catch((error: unknown) => {
      this.#options.log.warn({ error: messageOf(error) }, 'leases not given back, they run out');
    });
  }

  async #run(): Promise<void> {
    const { leaseMs, random, log, fail } = this.#options;
    while (!this.#stopping) {
      try {
        await this.#tick();
        await this.#wake.wait(leaseMs / renewalsPerLease);
      } catch (error) {
        if (!(error instanceof TransientError)) return fail(error);
        this.#problem = `leases cannot be renewed: ${messageOf(error)}`;
        log.warn({ error: messageOf(error) }, 'leases cannot be renewed, trying again');
        await this.#session?.close(new Map()).catch(() => undefined); // broken; its leases stay ours until they expire
        this.#session = undefined;
        await this.#wake.wait((leaseMs / renewalsPerLease) * (0.5 + random() / 2));
      }
    }
  }

  async #tick(): Promise<void> {
    const { sessions, relay, leaseMs, clock, onChange } = this.#options;
    const events = { onFreed: this.#wake.signal, onBroken: this.#wake.signal };
    this.#session ??= await sessions.open(relay, leaseMs, events);
    const sentAt = clock.monotonic();
    const wasLate = sentAt >= this.#deadline;
    const view = await this.#session.renew(this.#leases.all());
    const lost = this.#leases.keepOnly(new Set(view.renewed));
    if (lost.length > 0) this.#shutUntilDrained(lost);
    this.#deadline = sentAt + leaseMs * deadlineShare;
    this.#permit();
    this.#problem = undefined;
    await this.#rebalance(this.#session, view);
    if (this.#leases.takeChanged() || wasLate) onChange();
  }

  async #rebalance(session: LeaseSession, view: LeaseView): Promise<void> {
    const plan = planLeases(this.#options.relay, view, new Set(this.#leases.all().keys()));
    if (plan.take.length > 0) {
      const taken = await session.take(plan.take);
      this.#leases.add(taken);
      this.#lookAgain(taken.size < plan.take.length);
    }
    const surplus = plan.release - this.#leases.leaving.size;
    if (surplus > 0) this.#handOver(session, this.#leases.part(surplus));
  }

  /** Somebody was quicker, and may have left others: one more look at once, not at the next renewal. */
  #lookAgain(wasBeaten: boolean): void {
    this.#lookedAgain = wasBeaten && !this.#lookedAgain;
    if (this.#lookedAgain) this.#wake.signal();
  }

  #permit(): void {
    if (this.#draining === 0) this.#options.permit?.allowUntil(this.#deadline);
  }

  /**
   * A page of a lost shard may lie in the driver, ready to be written. The permit is the process's, not the shard's:
   * renewing what is left, or nothing at all, would let that page out behind its successor's.
   */
  #shutUntilDrained(lost: readonly number[]): void {
    this.#draining += 1;
    this.#options.permit?.allowUntil(Number.NEGATIVE_INFINITY);
    const reopen = () => {
      this.#draining -= 1;
      this.#permit();
      this.#options.onChange();
    };
    this.#options.drain(lost).then(reopen, reopen);
  }

  /** Beside the renewals: the broker may keep a page waiting. */
  #handOver(session: LeaseSession, parting: ReadonlyMap<number, bigint>): void {
    const shards = [...parting.keys()];
    const release = async () => {
      await this.#options.drain(shards);
      await session.giveBack(parting);
      for (const shard of shards) this.#leases.leaving.delete(shard);
    };
    release().catch((error: unknown) => {
      this.#options.log.warn({ shards, error: messageOf(error) }, 'hand-over failed, the leases run out');
      for (const shard of shards) this.#leases.leaving.delete(shard);
    });
  }
}
