import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../../pipeline/kernel/clock.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { LeaseKeeper } from '../../../../../pipeline/stages/relay/lease-keeper.ts';
import type { LeaseSessions } from '../../../../../pipeline/stores/relay.ts';
import { eventually } from '../../../../support/eventually.ts';

/** A keeper that takes shards 0 and 1 and renews only when told to; time stands still. */
async function setup() {
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (_, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
  };
  const lost = new Set<number>();
  let renewNow = () => {};
  const leases = [0, 1].map((shard) => ({ shard, epoch: 0n, owner: null, free: true, abandoned: false }));
  const sessions: LeaseSessions = {
    async open(_relay, _leaseMs, { onFreed }) {
      renewNow = onFreed;
      return {
        renew: async (held) => ({
          renewed: [...held.keys()].filter((shard) => !lost.has(shard)),
          leases: leases.map((lease) => ({ ...lease, free: held.size === 0 })),
          relays: ['me'],
        }),
        take: async (shards) => new Map(shards.map((shard) => [shard, 1n])),
        giveBack: async () => undefined,
        close: async () => undefined,
      };
    },
  };
  const drained = Promise.withResolvers<void>();
  const permitted: number[] = [];
  const keeper = new LeaseKeeper({
    sessions,
    relay: 'me',
    leaseMs: 1_000,
    clock,
    random: () => 0.5,
    log: createLogger('silent'),
    metrics: createMetrics(),
    permit: { allowUntil: (ms) => permitted.push(ms) },
    onChange: () => undefined,
    drain: () => drained.promise,
    fail: (error) => expect.unreachable(String(error)),
  });
  keeper.start();
  await eventually(() => expect([...keeper.held().keys()]).toEqual([0, 1]));
  const lose = (shard: number) => {
    lost.add(shard);
    renewNow();
  };
  return { keeper, permitted, drained, lose };
}

describe('keeping leases', () => {
  it('allows requests while it holds leases', async () => {
    const { keeper, permitted } = await setup();
    expect(keeper.mayPublish()).toBe(true);
    expect(permitted.at(-1)).toBe(800);
    await keeper.stop();
  });

  it('allows no request between the loss of a shard and the end of what it had in flight', async () => {
    const { keeper, permitted, drained, lose } = await setup();
    lose(1);
    await eventually(() => expect([...keeper.held().keys()]).toEqual([0]));
    expect(keeper.mayPublish()).toBe(false);
    expect(permitted.at(-1)).toBe(Number.NEGATIVE_INFINITY);
    drained.resolve();
    await eventually(() => expect(keeper.mayPublish()).toBe(true));
    expect(permitted.at(-1)).toBe(800);
    await keeper.stop();
  });
});
