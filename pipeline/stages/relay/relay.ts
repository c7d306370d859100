import type { Producer } from '../../broker/producer.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component, Running } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { LeaseSessions, OutboxSessions, OutboxUpkeep } from '../../stores/relay.ts';
import { LeaseKeeper, type ProducePermit } from './lease-keeper.ts';
import { type PublishLoop, startPublishLoop } from './publish-loop.ts';
import type { FencedProducers } from './sender.ts';
import { startUpkeep } from './upkeep.ts';
import { createWake } from './wake.ts';

export interface RelayOptions {
  /** Unique among all relays of an outbox, past ones included. */
  readonly relay: string;
  readonly outbox: OutboxSessions;
  readonly leases: LeaseSessions;
  readonly upkeep: OutboxUpkeep;
  /** Closed by whoever opened it. */
  readonly producer: Producer;
  /** For compacted topics. */
  readonly fenced?: FencedProducers;
  /** Told how long requests may be written. */
  readonly permit?: ProducePermit;
  /** Topics of the installation: where the broker denies one, its records wait until it is created. */
  isExpected?(topic: string): boolean;
  /** Topics where a record that is set aside keeps later ones of its key. */
  readonly strictTopics?: ReadonlySet<string>;
  readonly leaseMs: number;
  readonly pageRecords: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Publishes a row if and only if its transaction committed, at least once, and in causal order a key.
 * Any number of relays share an outbox by leases on its shards.
 */
export function createRelay(options: RelayOptions): Component {
  return { name: 'relay', start: async (fail) => startRelay(options, fail) };
}

function startRelay(options: RelayOptions, fail: (error: unknown) => void): Running {
  const log = options.log.child({ component: 'relay', relay: options.relay });
  const wake = createWake(options.clock);
  let loop: PublishLoop | undefined;
  const leases = new LeaseKeeper({
    ...options,
    sessions: options.leases,
    log,
    fail,
    onChange: wake.signal,
    drain: async (shards) => loop?.drained(shards),
  });
  leases.start();
  loop = startPublishLoop({ ...options, leases, log, wake, fail });
  const upkeep = startUpkeep({ ...options, log });
  const stop = async () => {
    await loop.stop();
    await leases.stop(); // only now: nothing of ours is in flight, so the next owner need not wait
    await upkeep.stop();
  };
  let stopped: Promise<void> | undefined;
  return {
    stop: () => (stopped ??= stop()),
    unready: () => loop.unready() ?? leases.unready(),
  };
}
