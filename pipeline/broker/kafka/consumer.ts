import type { Kafka } from 'kafkajs';
import type { Clock } from '../../kernel/clock.ts';
import { settlesWithin } from '../../kernel/deadline.ts';
import { FreshetError, messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { ConsumerFactory, ConsumerOptions, RunningConsumer, TopicPartition } from '../consumer.ts';
import { brokerErrors, type KafkaNames, translateKafka } from './client.ts';
import { fetchedOf } from './fetched.ts';
import { Lane } from './lane.ts';
import { joinGroup, type Membership } from './membership.ts';

export interface KafkaConsumersOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /**
   * How long a killed member, or one that an outage cut off, holds up its group. Default 6 s, the least that
   * brokers allow by default; heartbeats go on while batches run, so that only a blocked event loop exceeds it.
   */
  readonly sessionTimeoutMs?: number;
}

const maxQueuedBytes = 2 * 1_048_576;
const hintEveryMs = 1_000;
const maxRestartWaitMs = 5_000;

/** Errors of the group protocol that waiting does not mend. */
const fatal =
  /^(GROUP_AUTHORIZATION_FAILED|TOPIC_AUTHORIZATION_FAILED|INVALID_GROUP_ID|INVALID_SESSION_TIMEOUT|INCONSISTENT_GROUP_PROTOCOL|UNSUPPORTED_VERSION)$/;

const isFatal = (error: unknown): boolean => brokerErrors(error).some(({ type }) => fatal.test(type));

/**
 * Consumers over kafkajs. What it gets wrong is closed here: handlers run outside of its fetch loop (one slow
 * partition would stop all, and heartbeats with them), nothing is handed over before `onAssigned` is through,
 * and whenever it gives up a new consumer takes its place, with backoff, for ever.
 * `start` resolves at once, also while the broker is away.
 */
export function createKafkaConsumers(options: KafkaConsumersOptions): ConsumerFactory {
  return { start: async (consumerOptions) => new KafkaConsumer(options, consumerOptions) };
}

class KafkaConsumer implements RunningConsumer {
  readonly #driver: KafkaConsumersOptions;
  readonly #options: ConsumerOptions;
  readonly #log: Logger;
  readonly #lanes = new Map<string, { readonly lane: Lane; readonly partition: TopicPartition }>();
  readonly #stopping = new AbortController();
  readonly #supervised: Promise<unknown>;
  readonly #committed = new Map<string, bigint>();
  #membership: Membership | undefined;
  #heartbeat: (() => Promise<void>) | undefined;
  #assigned = new Set<string>();
  #generation = 0;
  #assigning: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(driver: KafkaConsumersOptions, options: ConsumerOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#log = driver.log.child({ group: options.groupId });
    this.#supervised = Promise.all([this.#supervise(), this.#commitHints()]);
  }

  seek(partition: TopicPartition, offset: bigint): void {
    this.#laneOf(partition).seek(offset);
  }

  pause(partition: TopicPartition): void {
    this.#laneOf(partition).pause();
  }

  resume(partition: TopicPartition): void {
    this.#laneOf(partition).resume();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#lanes.values()].map(({ lane }) => lane.close()));
    await settlesWithin(this.#driver.clock, 2_000, this.#commitHint());
    await this.#membership?.end();
    await this.#supervised;
  }

  /** Joins, waits for the end of the membership, joins anew. */
  async #supervise(): Promise<void> {
    const { clock, random } = this.#driver;
    for (let failures = 0; !this.#stopping.signal.aborted; failures += 1) {
      const joinedBefore = this.#generation;
      const membership = this.#join();
      const error = await membership.ended;
      await membership.end();
      this.#revokeAll();
      if (this.#stopping.signal.aborted) return;
      if (isFatal(error)) {
        this.#options.onFatal(new FreshetError('kafka_refused', messageOf(error), { cause: error }));
        return;
      }
      if (this.#generation > joinedBefore + 1) failures = 0;
      const ceiling = Math.min(maxRestartWaitMs, 100 * 2 ** Math.min(failures, 10));
      const waitMs = Math.ceil(ceiling / 2 + (random() * ceiling) / 2);
      const why = error === undefined ? error : translateKafka(error);
      this.#log.warn({ waitMs, error: messageOf(why) }, 'consumer ended, joining again');
      await clock.sleep(waitMs, this.#stopping.signal);
    }
  }

  #join(): Membership {
    const { kafka, names, clock, sessionTimeoutMs = 6_000 } = this.#driver;
    const { groupId, topics, autoOffsetReset, maxWaitMs = 200, maxBytesPerPartition = 1_048_576 } = this.#options;
    const { batchMs = 0 } = this.#options;
    const membership = joinGroup({
      kafka,
      clock,
      groupId: names.group(groupId),
      topics: topics.map(names.topic),
      fromBeginning: autoOffsetReset === 'earliest',
      maxWaitMs: batchMs > 0 ? batchMs : maxWaitMs,
      minBytes: batchMs > 0 ? maxBytesPerPartition : 1,
      maxBytesPerPartition,
      sessionTimeoutMs,
      onJoined: (assignment) => {
        if (this.#membership === membership) this.#joined(assignment);
      },
      onFetched: ({ batch, heartbeat }) => {
        this.#heartbeat = heartbeat;
        this.#laneAt(batch.topic, batch.partition)?.offer(fetchedOf(batch));
      },
      onFetchedNothing: (topic, partition, lastOffset, highWatermark) =>
        this.#laneAt(topic, partition)?.offerNothing(lastOffset, highWatermark),
    });
    this.#membership = membership;
    this.#heartbeat = undefined;
    return membership;
  }

  /** Runs inside the driver's join, before it fetches: everything is held before this returns. */
  #joined(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#revokeAll();
    const generation = this.#generation;
    const partitions = Object.entries(assignment).flatMap(([physical, numbers]) => {
      const topic = this.#driver.names.logicalTopic(physical);
      return topic === undefined ? [] : numbers.map((partition) => ({ topic, partition }));
    });
    for (const partition of partitions) {
      this.#assigned.add(keyOf(partition));
      this.#laneOf(partition).assign();
    }
    this.#log.info({ partitions: partitions.length }, 'partitions assigned');
    this.#assigning = this.#assigning.then(() => this.#announce(generation, partitions));
  }

  async #announce(generation: number, partitions: readonly TopicPartition[]): Promise<void> {
    const obsolete = () => generation !== this.#generation || this.#stopping.signal.aborted;
    if (obsolete()) return;
    try {
      await this.#options.onAssigned(partitions);
    } catch (error) {
      if (!obsolete()) this.#options.onFatal(error);
      return;
    }
    if (!obsolete()) for (const partition of partitions) this.#laneOf(partition).release();
  }

  #revokeAll(): void {
    this.#generation += 1;
    this.#assigned = new Set();
    this.#committed.clear();
    for (const { lane } of this.#lanes.values()) lane.hold();
  }

  #laneAt(physical: string, partition: number): Lane | undefined {
    const topic = this.#driver.names.logicalTopic(physical);
    return topic === undefined ? undefined : this.#laneOf({ topic, partition });
  }

  #laneOf({ topic, partition }: TopicPartition): Lane {
    const key = keyOf({ topic, partition });
    const known = this.#lanes.get(key);
    if (known !== undefined) return known.lane;
    const lane = this.#createLane({ topic, partition });
    this.#lanes.set(key, { lane, partition: { topic, partition } });
    return lane;
  }

  #createLane(partition: TopicPartition): Lane {
    const topic = this.#driver.names.topic(partition.topic);
    const ours = () => (this.#assigned.has(keyOf(partition)) ? this.#membership?.consumer : undefined);
    return new Lane({
      partition,
      log: this.#log,
      maxQueuedBytes,
      onBatch: (batch) => this.#options.onBatch(batch),
      onFatal: (error) => this.#options.onFatal(error),
      driver: {
        setPaused: (paused) => {
          const target = [{ topic, partitions: [partition.partition] }];
          whileJoined(() => (paused ? ours()?.pause(target) : ours()?.resume(target)));
        },
        seek: (offset) =>
          whileJoined(() => ours()?.seek({ topic, partition: partition.partition, offset: offset.toString() })),
        heartbeat: async () => {
          if (ours() === undefined) throw new TransientError('partition_revoked', 'another member has this partition');
          await this.#heartbeat?.().catch((error: unknown) => {
            throw translateKafka(error);
          });
        },
      },
    });
  }

  async #commitHints(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#driver.clock.sleep(hintEveryMs, this.#stopping.signal);
      if (!this.#stopping.signal.aborted) await this.#commitHint();
    }
  }

  /** Kafka's committed offset serves lag tools only; losing a commit costs nothing. */
  async #commitHint(): Promise<void> {
    const moved = [...this.#lanes].flatMap(([key, { lane, partition }]) => {
      const offset = this.#assigned.has(key) ? lane.hint : undefined;
      return offset === undefined || this.#committed.get(key) === offset ? [] : [{ key, partition, offset }];
    });
    const consumer = this.#membership?.consumer;
    if (consumer === undefined || moved.length === 0) return;
    try {
      await consumer.commitOffsets(
        moved.map(({ partition: { topic, partition }, offset }) => ({
          topic: this.#driver.names.topic(topic),
          partition,
          offset: offset.toString(),
        })),
      );
      for (const { key, offset } of moved) this.#committed.set(key, offset);
    } catch (error) {
      this.#log.debug({ error: translateKafka(error).message }, 'offset hint not committed');
    }
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** kafkajs throws from pause, resume and seek once its consumer has ended; the next assignment makes up for it. */
function whileJoined(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSNonRetriableError') throw error;
  }
}
