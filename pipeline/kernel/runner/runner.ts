import type { RawBatch, RunningConsumer, TopicPartition } from '../../broker/consumer.ts';
import { FreshetError, messageOf, TransientError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { untilAvailable } from '../retry.ts';
import { type Claim, claimPartitions, isBeyondEnd } from './claim.ts';
import { decode } from './decode.ts';
import { isDead, outcomeOf, type SliceResult } from './effect.ts';
import { startLagWatch } from './lag-watch.ts';
import { startOffsetWatch } from './offset-watch.ts';
import type { Runner, RunnerOptions, RunnerStatus, RunningRunner } from './options.ts';
import { createPauses, keyOf, type PauseReason, type Pauses, pauseReasons } from './pauses.ts';
import { createReport, type Report } from './report.ts';
import { Session } from './session.ts';
import { type RawSlice, slicesOf } from './slices.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/**
 * Consume, decode, handle, acknowledge or commit, mark: written once for every stage. Partitions go on side by side,
 * records of one in order. The stored offset is the truth: every assignment claims it and seeks to it, every slice
 * moves it by compare-and-set, and whoever fails at that asks again before doing anything.
 */
export function createRunner<In>(options: RunnerOptions<In>): Runner {
  return {
    name: runnerName(options),
    start: async (fail) => {
      const running = new RunningStage(options, fail);
      await running.join();
      return running;
    },
  };
}

/** Of its group and in the status; unique in its process. */
export const runnerName = ({
  stage: { name, stateVersion },
  part,
}: Pick<RunnerOptions<never>, 'stage' | 'part'>): string =>
  `${name}${part === undefined ? '' : `.${part}`}${stateVersion === 0 ? '' : `.v${stateVersion}`}`;

class RunningStage<In> implements RunningRunner {
  readonly #options: RunnerOptions<In>;
  readonly #fail: (error: unknown) => void;
  readonly #sessions = new Map<string, Session>();
  readonly #pauses: Pauses;
  readonly #report: Report<In>;
  readonly #watchdog: Watchdog;
  readonly #offsetWatch: { stop(): Promise<void> };
  readonly #lagWatch: ReturnType<typeof startLagWatch>;
  readonly #stopping = new AbortController();
  readonly #consumer = Promise.withResolvers<RunningConsumer>();
  #joined = false;
  #halted = false;
  #lastError: { readonly lastError: string; readonly lastErrorAt: number } | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: RunnerOptions<In>, fail: (error: unknown) => void) {
    this.#options = options;
    this.#fail = fail;
    const { stage, clock, metrics, dlqLimit, stuckAfterMs = 120_000, receivedAtOf = () => undefined } = options;
    this.#pauses = createPauses(dlqLimit);
    this.#report = createReport({ stage: stage.name, stateVersion: stage.stateVersion, clock, metrics, receivedAtOf });
    this.#watchdog = startWatchdog(clock, stuckAfterMs, (error) => this.#failWith(error));
    this.#offsetWatch = startOffsetWatch({
      ...options,
      moved: () => options.progress.moved({ stateVersion: stage.stateVersion, stage: stage.name }),
      onMoved: (partitions) => this.#takeUpMoved(partitions),
    });
    this.#lagWatch = startLagWatch({
      clock,
      offsets: options.offsets,
      sessions: () => this.#sessions.values(),
      onLook: (session) => this.#report.waited(session),
    });
  }

  async join(): Promise<void> {
    const { consumers, stage, autoOffsetReset, maxWaitMs, batchMs } = this.#options;
    const joining = consumers.start({
      groupId: `freshet.${runnerName(this.#options)}`,
      topics: stage.consumes.map(({ name }) => name),
      autoOffsetReset,
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
      ...(batchMs === undefined ? {} : { batchMs }),
      onAssigned: (partitions) => this.#assigned(partitions),
      onBatch: (batch) => this.#handleBatch(batch),
      onFatal: (error) => this.#failWith(error),
    });
    try {
      this.#consumer.resolve(await joining);
    } catch (error) {
      this.#lagWatch.stop();
      await Promise.all([this.#watchdog.stop(), this.#offsetWatch.stop()]);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort();
      this.#lagWatch.stop();
      for (const session of this.#sessions.values()) session.end();
      await this.#offsetWatch.stop();
      await (await this.#consumer.promise).stop();
      await this.#watchdog.stop();
    })();
    return this.#stopped;
  }

  unready(): string | undefined {
    if (this.#stopping.signal.aborted) return 'stopping';
    if (!this.#joined) return 'joining its consumer group';
    if (this.#halted) return 'halted: dead letters reached their limit in half of the partitions';
    const paused = this.status().partitions.filter((partition) => partition.paused !== undefined);
    if (paused.length === 0) return undefined;
    return `paused: ${paused.map(({ topic, partition, paused: reason }) => `${topic}/${partition} (${reason})`).join(', ')}`;
  }

  status(): RunnerStatus {
    const { name: stage, stateVersion, consumes } = this.#options.stage;
    const now = this.#options.clock.now();
    const partitions = [...this.#sessions.values()].map((session) => {
      const paused = this.#pauses.reasonOf(session.partition);
      return {
        ...session.partition,
        next: session.position.nextOffset.toString(),
        lag: session.lag(),
        lagSeconds: session.lagSeconds(now),
        stalledSeconds: session.stalledSeconds(now),
        ...(paused === undefined ? {} : { paused }),
        ...(session.waitingFor === undefined ? {} : { waitingFor: session.waitingFor }),
      };
    });
    const state = this.#stopping.signal.aborted
      ? 'stopped'
      : this.#halted
        ? 'halted'
        : this.#joined
          ? 'running'
          : 'joining';
    return {
      stage,
      name: runnerName(this.#options),
      stateVersion,
      topics: consumes.map(({ name }) => name),
      state,
      partitions,
      counts: this.#report.counts(),
      batches: this.#report.batches(),
      ...this.#lastError,
    };
  }

  #failWith(error: unknown): void {
    this.#noteError(error);
    this.#fail(error);
  }

  #noteError(error: unknown): void {
    this.#lastError = { lastError: messageOf(error), lastErrorAt: this.#options.clock.now() };
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const consumer = await this.#consumer.promise;
    for (const session of this.#sessions.values()) {
      session.end();
      this.#report.revoked(session.partition);
    }
    this.#sessions.clear();
    this.#report.assigned();
    for (const claim of await this.#claim(partitions)) {
      const { partition, position, high } = claim;
      const session = new Session(partition, position, high);
      this.#sessions.set(keyOf(partition), session);
      this.#report.claimed(session);
      if (await isBeyondEnd(this.#options, claim, this.#stopping.signal)) {
        this.#pause(consumer, partition, 'offset_beyond_end');
      }
      consumer.seek(partition, position.nextOffset);
      if (this.#pauses.reasonOf(partition) !== undefined) consumer.pause(partition);
    }
    this.#joined = true;
    this.#haltIfNeeded(consumer);
  }

  /** Waits for a store that is away; none once the stage is to stop. */
  async #claim(partitions: readonly TopicPartition[]): Promise<readonly Claim[]> {
    const what = `claiming offsets of ${runnerName(this.#options)}`;
    const { signal } = this.#stopping;
    try {
      return await untilAvailable(what, { ...this.#options, signal, maxMs: 2_000 }, () =>
        claimPartitions(this.#options, partitions),
      );
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  async #handleBatch(batch: RawBatch): Promise<boolean> {
    const session = this.#sessions.get(keyOf(batch));
    if (session === undefined || session.signal.aborted || this.#pauses.reasonOf(batch) !== undefined) return false;
    const consumer = await this.#consumer.promise;
    if (session.isSuspect) return this.#reclaim(session, batch, consumer);
    session.sees(batch.highWatermark, this.#options.clock.now());
    if (batch.lastOffset < session.position.nextOffset) {
      consumer.seek(session.partition, session.position.nextOffset);
      return false;
    }
    for (const slice of slicesOf(batch, session.position.nextOffset, this.#options.limits)) {
      if (!(await this.#handleSlice(session, slice, consumer))) return false;
    }
    return true;
  }

  /** True when the slice is handled, marked, and the next one may follow. */
  async #handleSlice(session: Session, slice: RawSlice, consumer: RunningConsumer): Promise<boolean> {
    await this.#options.pace?.(slice.records.length, this.#sessions.size, session.signal);
    if (session.signal.aborted) return false;
    const startedMs = this.#options.clock.monotonic();
    const [first] = slice.records;
    if (first !== undefined) session.holds(first.timestampMs, this.#options.clock.now());
    const result = await this.#untilDone(session, slice);
    if (result === undefined) return false;
    if (!result.advanced) {
      session.isSuspect = true;
      return false;
    }
    session.position = { ...session.position, nextOffset: result.next };
    this.#report.handled(session, result, startedMs);
    const tripped = this.#pauses.limitOf(session.partition).record(this.#towardsLimit(result.verdicts.map(outcomeOf)));
    if (!tripped) return true;
    consumer.seek(session.partition, result.next);
    this.#pause(consumer, session.partition, 'dlq_limit');
    this.#haltIfNeeded(consumer);
    return false;
  }

  /** Repeats the slice in place until it is done; undefined when the session ended while it waited. */
  async #untilDone(session: Session, { records, next }: RawSlice): Promise<SliceResult<In> | undefined> {
    const { stage, effect, readerOf } = this.#options;
    const { name, stateVersion } = stage;
    const { topic, partition } = session.partition;
    const what = `${runnerName(this.#options)} ${topic}/${partition}`;
    const attempt = async () => {
      const context = { reader: readerOf(topic), stage: name, stateVersion };
      const decoded = await decode(records, session.partition, context);
      const limit = this.#pauses.limitOf(session.partition);
      const admits = (outcomes: readonly Outcome<unknown>[]) => limit.admits(this.#towardsLimit(outcomes));
      return effect({ stateVersion, stage: name, topic, partition, decoded, position: session.position, next, admits });
    };
    try {
      return await untilAvailable(what, { ...this.#options, signal: session.signal, maxMs: 2_000 }, () =>
        this.#watchdog.watch(what, attempt).catch((error: unknown) => this.#waitFor(session, error)),
      );
    } catch (error) {
      if (session.signal.aborted) return undefined;
      throw error;
    } finally {
      session.waitingFor = undefined;
    }
  }

  #towardsLimit(outcomes: readonly Outcome<unknown>[]): boolean[] {
    const { countsTowardsLimit = isDead } = this.#options;
    return outcomes.map((outcome) => isDead(outcome) && countsTowardsLimit(outcome));
  }

  /** Whatever leaves an effect is no record's fault: the partition waits and says so, nothing is set aside. */
  #waitFor(session: Session, error: unknown): never {
    session.waitingFor = messageOf(error);
    this.#noteError(error);
    if (error instanceof TransientError) throw error;
    this.#options.log.error({ ...session.partition, err: error }, 'a fault outside of the stage, repeating');
    throw new TransientError('runner_fault', messageOf(error), { cause: error });
  }

  /**
   * After a failed compare-and-set: first makes sure that the group still counts on this member, since a zombie that
   * claimed at once would take the offset from its rightful owner, and the two would go on taking it in turns.
   */
  async #reclaim(session: Session, batch: RawBatch, consumer: RunningConsumer): Promise<boolean> {
    const { clock, random, log } = this.#options;
    await clock.sleep(50 + random() * 200, session.signal);
    try {
      await batch.heartbeat();
      const [claim] = await claimPartitions(this.#options, [session.partition]);
      if (session.signal.aborted || claim === undefined) return false;
      session.position = claim.position;
      session.passed(undefined, clock.now());
      session.isSuspect = false;
      consumer.seek(session.partition, claim.position.nextOffset);
      log.warn({ ...session.partition, next: claim.position.nextOffset.toString() }, 'offset was moved, claimed again');
    } catch (error) {
      this.#noteError(error);
      log.warn({ ...session.partition, error: messageOf(error) }, 'offset was moved, cannot claim it yet');
    }
    return false;
  }

  /** An operator moved these offsets or wants them to go on: what was paused is tried again, from where they are now. */
  async #takeUpMoved(partitions: readonly TopicPartition[]): Promise<void> {
    const consumer = await this.#consumer.promise;
    const ours = partitions.flatMap((partition) => this.#sessions.get(keyOf(partition)) ?? []);
    for (const { position, partition } of await claimPartitions(
      this.#options,
      ours.map((session) => session.partition),
    )) {
      const session = this.#sessions.get(keyOf(partition));
      if (session === undefined || session.signal.aborted) continue;
      session.position = position;
      session.passed(undefined, this.#options.clock.now());
      session.isSuspect = false;
      this.#pauses.resume(partition);
      consumer.seek(partition, position.nextOffset);
      consumer.resume(partition);
      this.#options.log.warn({ ...partition, next: position.nextOffset.toString() }, 'goes on where an operator said');
    }
    this.#halted = this.#pauses.isHalted([...this.#sessions.values()].map(({ partition }) => partition));
    this.#report.halted(this.#halted);
    for (const reason of pauseReasons) this.#report.paused(reason, this.#pauses.count(reason));
  }

  #pause(consumer: RunningConsumer, partition: TopicPartition, reason: PauseReason): void {
    this.#pauses.pause(partition, reason);
    consumer.pause(partition);
    this.#report.paused(reason, this.#pauses.count(reason));
    const error = new FreshetError(reason, `${runnerName(this.#options)} ${keyOf(partition)} paused: ${reason}`);
    this.#noteError(error);
    this.#options.log.error({ ...partition, reason }, 'partition paused');
  }

  #haltIfNeeded(consumer: RunningConsumer): void {
    const assigned = [...this.#sessions.values()].map(({ partition }) => partition);
    if (!this.#pauses.isHalted(assigned)) return;
    if (!this.#halted) this.#options.log.error({ stage: this.#options.stage.name }, 'stage halted');
    this.#halted = true;
    this.#report.halted(true);
    for (const partition of assigned) {
      if (this.#pauses.reasonOf(partition) === undefined) this.#pause(consumer, partition, 'halted');
    }
  }
}
