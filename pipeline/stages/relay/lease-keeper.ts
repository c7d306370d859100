import type { Clock } from '../../kernel/clock.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { LeaseSession, LeaseSessions, LeaseView } from '../../stores/relay.ts';
import { planLeases } from './fair-share.ts';
import { createWake } from './wake.ts';

export interface LeaseKeeperOptions {
  readonly sessions: LeaseSessions;
  readonly relay: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayLeases' | 'relayLeaseChanges'>;
  /** Held shards changed, or publishing is allowed again. */
  onChange(): void;
  /** Resolves when no page of these shards is in flight any more. */
  drain(shards: readonly number[]): Promise<void>;
  fail(error: unknown): void;
}

export interface LeaseKeeper {
  /** Shard → epoch of what may be published; without those being handed over. */
  held(): ReadonlyMap<number, bigint>;
  /** False once the last renewal may have run out: nothing may be sent then. */
  mayPublish(): boolean;
  unready(): string | undefined;
  /** Gives everything back; what was held must be drained before. */
  stop(): Promise<void>;
}

/** Renewals an expiry; three may fail before a lease is lost. */
const renewalsPerLease = 4;
/** Share of the lease time after which its holder sends nothing, counted from before the renewal was sent. */
const deadlineShare = 0.8;

/** Keeps this relay's leases on a timer of its own, so that a slow broker or a long page cannot lose them. */
export function startLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  const { sessions, relay, leaseMs, clock, random, log, metrics } = options;
  const held = new Map<number, bigint>();
  const leaving = new Map<number, bigint>();
  const wake = createWake(clock);
  let session: LeaseSession | undefined;
  let deadline = Number.NEGATIVE_INFINITY;
  let stopping = false;
  let changed = false;
  let problem: string | undefined = 'no lease renewed yet';

  const count = (change: string, shards: readonly number[]) => {
    metrics.relayLeases.set(held.size);
    if (shards.length === 0) return;
    changed = true;
    metrics.relayLeaseChanges.inc({ change }, shards.length);
    log.info({ change, shards, held: held.size }, 'leases changed');
  };

  const dropLost = (renewed: ReadonlySet<number>) => {
    const lost = [...held.keys()].filter((shard) => !renewed.has(shard));
    for (const shard of lost) held.delete(shard);
    for (const shard of [...leaving.keys()]) if (!renewed.has(shard)) leaving.delete(shard);
    count('lost', lost);
  };

  const handOver = (shards: readonly number[]) => {
    const parting = new Map(shards.map((shard) => [shard, held.get(shard) as bigint]));
    for (const [shard, epoch] of parting) {
      held.delete(shard);
      leaving.set(shard, epoch);
    }
    count('given_back', shards);
    const release = async () => {
      await options.drain(shards);
      if (stopping) return;
      await session?.giveBack(parting);
      for (const shard of shards) leaving.delete(shard);
    };
    release().catch((error: unknown) => log.warn({ shards, error: messageOf(error) }, 'hand-over failed, lease runs out'));
  };

  const rebalance = async (open: LeaseSession, view: LeaseView) => {
    const plan = planLeases(relay, view, new Set([...held.keys(), ...leaving.keys()]));
    if (plan.take.length > 0) {
      const taken = await open.take(plan.take);
      for (const [shard, epoch] of taken) held.set(shard, epoch);
      count('taken', [...taken.keys()]);
    }
    const surplus = plan.release - leaving.size;
    if (surplus > 0) handOver([...held.keys()].slice(-surplus));
  };

  const tick = async () => {
    session ??= await sessions.open(relay, leaseMs, { onFreed: wake.signal, onBroken: wake.signal });
    const sentAt = clock.monotonic();
    changed = sentAt >= deadline;
    const view = await session.renew(new Map([...held, ...leaving]));
    dropLost(new Set(view.renewed));
    deadline = sentAt + leaseMs * deadlineShare;
    problem = undefined;
    await rebalance(session, view);
    if (changed) options.onChange();
  };

  const run = async () => {
    while (!stopping) {
      try {
        await tick();
        await wake.wait(leaseMs / renewalsPerLease);
      } catch (error) {
        if (!(error instanceof TransientError)) return options.fail(error);
        problem = `leases cannot be renewed: ${messageOf(error)}`;
        log.warn({ error: messageOf(error) }, 'leases cannot be renewed, trying again');
        await session?.close(new Map()).catch(() => undefined); // broken already; its leases stay ours until they expire
        session = undefined;
        await wake.wait((leaseMs / renewalsPerLease) * (0.5 + random() / 2));
      }
    }
  };
  const running = run();

  return {
    held: () => held,
    mayPublish: () => clock.monotonic() < deadline,
    unready: () => problem,
    async stop() {
      stopping = true;
      wake.signal();
      await running;
      const all = new Map([...held, ...leaving]);
      held.clear();
      leaving.clear();
      count('given_back', [...all.keys()]);
      await session?.close(all).catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'leases not given back, they run out');
      });
    },
  };
}
