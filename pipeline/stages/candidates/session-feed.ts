import type { SessionUpdated } from '../../../schemas/generated/session-updated.v1.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import type { BrokerAdmin } from '../../broker/admin.ts';
import type { Codec, RecordReader } from '../../broker/codec.ts';
import type { ConsumerFactory, RawBatch, RawRecord, RunningConsumer } from '../../broker/consumer.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component, Running } from '../../kernel/component.ts';
import { settlesWithin } from '../../kernel/deadline.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { untilAvailable } from '../../kernel/retry.ts';
import { EndOffsets } from './end-offsets.ts';
import type { SessionIndexes } from './session-indexes.ts';
import { parseSessionKey } from './session-key.ts';

export interface SessionFeedOptions {
  readonly version: number;
  readonly topic: TopicDef<SessionUpdated>;
  /** Different at each start: it names the private group. */
  readonly instance: string;
  readonly indexes: SessionIndexes;
  readonly consumers: ConsumerFactory;
  readonly admin: Pick<BrokerAdmin, 'offsets' | 'deleteGroup'>;
  readonly codec: Pick<Codec, 'reader'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface SessionFeed extends Component {
  /** Resolves once the index holds every session up to the end of the topic at start. */
  ready(): Promise<void>;
}

/** Records between two breaks: 500 take about 5 ms, and list requests of this process wait no longer. */
const recordsAtOnce = 500;
const recheckMs = 2_000;
const deleteWithinMs = 3_000;

/**
 * Feeds ALL partitions of the session topic into this process's index, from the beginning at every start,
 * under a private group that is deleted at stop. The index is a cache, so nothing here is progress.
 */
export function createSessionFeed(options: SessionFeedOptions): SessionFeed {
  const ready = Promise.withResolvers<void>();
  return {
    name: `candidates.v${options.version}.sessions`,
    ready: () => ready.promise,
    start: async (fail) => {
      const feed = new RunningFeed(options, fail);
      void feed.caughtUp.then(ready.resolve);
      return feed;
    },
  };
}

class RunningFeed implements Running {
  readonly #options: SessionFeedOptions;
  readonly #groupId: string;
  readonly #reader: RecordReader<SessionUpdated>;
  readonly #stopping = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #run: Promise<void>;
  #ends: EndOffsets | undefined;
  #consumer: RunningConsumer | undefined;
  #isReady = false;
  #stopped: Promise<void> | undefined;

  constructor(options: SessionFeedOptions, fail: (error: unknown) => void) {
    this.#options = options;
    this.#groupId = `freshet.candidates-sessions.v${options.version}.${options.instance}`;
    this.#reader = options.codec.reader(options.topic);
    this.#run = this.#begin(fail).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) fail(error);
    });
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  unready(): string | undefined {
    if (this.#isReady) return undefined;
    return `session index is loading, ${this.#ends?.missingCount ?? 'all'} partitions to go`;
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort();
      await this.#run;
      await this.#consumer?.stop();
      if (this.#consumer !== undefined) await this.#deleteGroup();
    })();
    return this.#stopped;
  }

  /** A group left behind expires by itself, so a broker that is away does not hold up the stop. */
  async #deleteGroup(): Promise<void> {
    const { admin, clock, log } = this.#options;
    const leftOver = (error: unknown) =>
      log.warn({ group: this.#groupId, error: messageOf(error) }, 'private group not deleted');
    const deleting = admin.deleteGroup(this.#groupId).catch(leftOver);
    if (!(await settlesWithin(clock, deleteWithinMs, deleting))) leftOver('the broker did not answer in time');
  }

  /** Ends before the first fetch: whatever was there at start is in the index when it is ready. */
  async #begin(fail: (error: unknown) => void): Promise<void> {
    const { topic, consumers, clock, log } = this.#options;
    const startedMs = clock.monotonic();
    const ends = new EndOffsets(await this.#offsets());
    this.#ends = ends;
    this.#consumer = await consumers.start({
      groupId: this.#groupId,
      topics: [topic.name],
      autoOffsetReset: 'earliest',
      onAssigned: async () => undefined,
      onBatch: (batch) => this.#handle(batch).catch((error: unknown) => this.#unlessStopping(error)),
      onFatal: fail,
    });
    while (ends.missingCount > 0 && !this.#stopping.signal.aborted) {
      await Promise.race([ends.passed, clock.sleep(recheckMs, this.#stopping.signal)]);
      if (ends.missingCount > 0 && !this.#stopping.signal.aborted) ends.dropped(await this.#offsets());
    }
    if (this.#stopping.signal.aborted) return;
    this.#isReady = true;
    this.#caughtUp.resolve();
    log.info(
      { sessions: this.#options.indexes.sessionCount, tookMs: Math.round(clock.monotonic() - startedMs) },
      'session index loaded',
    );
  }

  #offsets() {
    const { admin, topic } = this.#options;
    return this.#untilAvailable('ends of the session topic', () => admin.offsets(topic.name));
  }

  async #handle(batch: RawBatch): Promise<boolean> {
    const { clock, metrics, indexes } = this.#options;
    for (const [at, record] of batch.records.entries()) {
      if (at > 0 && at % recordsAtOnce === 0) await clock.sleep(0);
      await this.#apply(record, batch.partition);
    }
    metrics.candidatesIndexSessions.set(indexes.sessionCount);
    this.#ends?.reached(batch.partition, batch.lastOffset + 1n);
    return true;
  }

  async #apply(record: RawRecord, partition: number): Promise<void> {
    const { version, indexes } = this.#options;
    const key = parseSessionKey(record.key);
    if (key === undefined) return this.#leaveOut('invalid_key', record, partition);
    if (key.version !== version) return;
    if (record.value === null) return indexes.apply(key.namespace, key.text, null);
    const bytes = record.value;
    const result = await this.#untilAvailable('schema of a session record', async () => this.#reader.read(bytes));
    if (result.ok) indexes.apply(key.namespace, key.text, result.value);
    else this.#leaveOut(result.reason, record, partition);
  }

  #unlessStopping(error: unknown): boolean {
    if (!this.#stopping.signal.aborted) throw error;
    return false;
  }

  /** One session less in the index; the record stays in the topic for the operator to look at. */
  #leaveOut(reason: string, record: RawRecord, partition: number): void {
    const { metrics, log, topic } = this.#options;
    metrics.stageRecords.inc({ stage: 'candidates-sessions', outcome: 'skip', reason });
    log.warn({ topic: topic.name, partition, offset: record.offset.toString(), reason }, 'session record left out');
  }

  #untilAvailable<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { clock, random, log } = this.#options;
    return untilAvailable(what, { clock, random, log, signal: this.#stopping.signal }, work);
  }
}
