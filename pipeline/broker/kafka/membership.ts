import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../../kernel/clock.ts';
import { settlesWithin } from '../../kernel/deadline.ts';
import { FreshetError } from '../../kernel/errors.ts';

export interface MembershipOptions {
  readonly kafka: Kafka;
  readonly clock: Clock;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly fromBeginning: boolean;
  readonly maxWaitMs: number;
  /** A fetch returns when so much is there, or after `maxWaitMs`. */
  readonly minBytes: number;
  readonly maxBytesPerPartition: number;
  /** How long the coordinator waits for a member that died before it gives its partitions away. */
  readonly sessionTimeoutMs: number;
  onJoined(assignment: Readonly<Record<string, readonly number[]>>): void;
  onFetched(payload: EachBatchPayload): void;
  onFetchedNothing(topic: string, partition: number, lastOffset: bigint, highWatermark: bigint): void;
}

/** One kafkajs consumer from connect to its end; a crashed one is not used again. */
export interface Membership {
  readonly consumer: Consumer;
  /** Resolves with the error when the driver gave up or no longer fetches; never rejects. */
  readonly ended: Promise<unknown>;
  /** Leaves the group and disconnects; idempotent, never rejects, bounded in time. */
  end(): Promise<void>;
}

/** The fetch loop turns at least every `maxWaitMs`; after this long without a turn it is taken for dead. */
const deadAfterMs = 90_000;
const endWithinMs = 5_000;

export function joinGroup(options: MembershipOptions): Membership {
  const { kafka, clock, topics, fromBeginning, onFetched } = options;
  const consumer = createConsumer(options);
  const { promise: ended, resolve: crash } = Promise.withResolvers<unknown>();
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  const alive = new AbortController();
  let lastTurnAt = clock.monotonic();
  const turn = () => {
    lastTurnAt = clock.monotonic();
  };
  const { GROUP_JOIN, FETCH, CRASH, START_BATCH_PROCESS } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => {
    turn();
    settle();
    options.onJoined(payload.memberAssignment);
  });
  consumer.on(FETCH, turn);
  consumer.on(CRASH, ({ payload }) => crash(payload.error));
  consumer.on(START_BATCH_PROCESS, ({ payload }) => {
    const { topic, partition, batchSize, lastOffset, highWatermark } = payload;
    if (batchSize === 0) options.onFetchedNothing(topic, partition, BigInt(lastOffset), BigInt(highWatermark));
  });

  const run = async () => {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // Resolving only moves the fetch position here: progress is marked where the effect is.
      eachBatch: async (payload) => {
        onFetched(payload);
        payload.resolveOffset(payload.batch.lastOffset());
      },
    });
  };
  const watch = async () => {
    while (!alive.signal.aborted) {
      await clock.sleep(deadAfterMs / 6, alive.signal);
      if (clock.monotonic() - lastTurnAt > deadAfterMs)
        crash(new FreshetError('kafka_stuck', 'the fetch loop stands still'));
    }
  };
  run().catch(crash);
  void watch();
  void ended.then(() => settle());
  const end = once(async () => {
    // Stopping a kafkajs consumer in the middle of its first join leaves a member behind: wait for the join.
    await settlesWithin(clock, endWithinMs, settled);
    alive.abort();
    await settlesWithin(clock, endWithinMs, consumer.disconnect().catch(crash));
    crash(undefined);
  });
  return { consumer, ended, end };

  function createConsumer(given: MembershipOptions): Consumer {
    const { groupId, maxWaitMs, minBytes, maxBytesPerPartition, sessionTimeoutMs } = given;
    return kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(1_000, Math.floor(sessionTimeoutMs / 4)),
      rebalanceTimeout: 30_000,
      maxWaitTimeInMs: maxWaitMs,
      minBytes,
      maxBytesPerPartition,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      retry: {
        initialRetryTime: 100,
        multiplier: 2,
        maxRetryTime: 1_000,
        retries: 4,
        restartOnFailure: async () => false,
      },
    });
  }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
