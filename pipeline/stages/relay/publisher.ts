import type { Producer } from '../../broker/producer.ts';
import { afterFullPage, afterShortPage } from '../../domain/outbox-cursor.ts';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxSession, PageRequest, PageRow } from '../../stores/relay.ts';
import { Abandoned } from './abandoned.ts';
import { type CursorSaver, createCursorSaver } from './cursor-saver.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { groupPages } from './group-pages.ts';
import { createHeldKeys, type HeldKeys } from './held-keys.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { createSender, type FencedProducers, type Sender } from './sender.ts';
import { ShardMemory } from './shard-memory.ts';
import type { Page, ShardState } from './shard-state.ts';
import { createUnknownTopics } from './unknown-topics.ts';

export interface PublisherOptions {
  readonly producer: Producer;
  readonly fenced?: FencedProducers;
  readonly leases: Pick<LeaseKeeper, 'held' | 'mayPublish'>;
  readonly pageRecords: number;
  /** Topics of the installation: a broker that denies one is waited for, while others' records are parked. */
  isExpected?(topic: string): boolean;
  /** Topics where a record that is set aside keeps later ones of its key. */
  readonly strictTopics?: ReadonlySet<string>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayParked' | 'relayPublished' | 'relayPublishSeconds' | 'relayPageSize'>;
  /** There may be more to read now. */
  onFree(): void;
  /** The session can no longer be trusted. */
  onBroken(error: unknown): void;
}

export interface RoundResult {
  readonly rows: number;
  /** Shards were left for the next round, which should come at once. */
  readonly more: boolean;
}

/** How far the sequence may be ahead of the floor that a batch is opened on: 16 shards walk so much in 15 ms. */
const farBehindRows = 5_000n;
/** A bulk insert moves the sequence as fast as floors can be proven. */
const proveEveryMs = 1_000;
/** How often held keys are looked at: an operator released them. */
const releaseEveryMs = 2_000;
const releaseRecords = 500;

/** Publishing on one session; what it remembers ends with it. */
export class Publisher {
  readonly #session: OutboxSession;
  readonly #options: PublisherOptions;
  readonly #memory: ShardMemory;
  readonly #saver: CursorSaver;
  readonly #sender: Sender;
  readonly #delivery: Delivery;
  readonly #heldKeys: HeldKeys;
  readonly #strictTopics: ReadonlySet<string>;
  #releaseAt = Number.NEGATIVE_INFINITY;
  #proveAt = Number.NEGATIVE_INFINITY;
  readonly #inFlight = new Map<number, Promise<void>>();
  /** Cursors of acknowledged pages on their way to the table. */
  readonly #storing = new Map<number, Promise<void>>();
  readonly #abort = new AbortController();

  constructor(session: OutboxSession, options: PublisherOptions) {
    const { leases, clock } = options;
    this.#session = session;
    this.#options = options;
    this.#saver = createCursorSaver({ session, clock });
    this.#strictTopics = options.strictTopics ?? new Set();
    this.#heldKeys = createHeldKeys({ strictTopics: this.#strictTopics, session });
    this.#memory = new ShardMemory({
      ...options,
      session,
      saver: this.#saver,
      heldKeys: this.#heldKeys,
      held: () => leases.held(),
    });
    this.#sender = createSender({ ...options, outboxId: session.outboxId });
    this.#delivery = createDelivery({
      ...options,
      session,
      heldKeys: this.#heldKeys,
      sender: this.#sender,
      unknownTopics: createUnknownTopics(options),
      mayPublish: () => leases.mayPublish(),
      isHeld: this.#memory.isHeld,
      signal: this.#abort.signal,
    });
  }

  /** One reading for all shards that may have something; what was found is sent, not awaited. */
  async round(): Promise<RoundResult> {
    await this.#followLeases();
    if (this.#memory.size === 0) return { rows: 0, more: false };
    await this.#releaseHeld();
    const { requests, more } = this.#memory.requests();
    if (requests.length === 0) return { rows: 0, more };
    const provenFloor = this.#saver.provenFloor(); // as committed before the reading's snapshot is taken
    const reading = await this.#session.read(requests);
    this.#saver.noteSequence(reading.sequence);
    if (await this.#proveFloor(requests, reading.sequence - provenFloor)) return { rows: 0, more: true };
    const { pages, again } = this.#memory.pages(requests, reading, provenFloor);
    for (const group of groupPages(pages, this.#options.pageRecords)) this.#send(group);
    this.#memory.saveIdle().catch(this.#options.onBroken);
    return { rows: pages.reduce((sum, { rows }) => sum + rows.length, 0), more: more || again };
  }

  /** Resolves when none of these shards (any, where none are named) has anything in flight and all cursors are stored. */
  async drained(shards?: readonly number[]): Promise<void> {
    for (const underWay of [this.#inFlight, this.#storing]) {
      this.#saver.hurry();
      await Promise.all([...underWay].map(([shard, done]) => (shards?.includes(shard) === false ? undefined : done)));
    }
  }

  /** Finishes the requests in flight; whatever waits for the broker is left unacknowledged. */
  async end(): Promise<void> {
    this.#abort.abort();
    await this.drained();
    await this.#saver.finish();
    await this.#sender.close();
  }

  /**
   * Where the sequence has run far ahead of the proven floor, the floor is proven anew and what was read is read
   * again: with a batch opened on the old floor, all that it publishes would be walked once more after it (3 s for
   * a million rows). True where it was.
   */
  async #proveFloor(requests: readonly PageRequest[], behindRows: bigint): Promise<boolean> {
    const now = this.#options.clock.monotonic();
    if (behindRows <= farBehindRows || now < this.#proveAt) return false;
    const closed = requests.find(({ filter }) => filter.target === null);
    const state = closed && this.#memory.find(closed.shard);
    if (!state) return false;
    this.#proveAt = now + proveEveryMs;
    const saved = this.#saver.save(state);
    this.#saver.hurry();
    return saved;
  }

  async #followLeases(): Promise<void> {
    const isBusy = (shard: number) => this.#inFlight.has(shard) || this.#storing.has(shard);
    const gone = await this.#memory.followLeases(isBusy);
    for (const state of gone) {
      const settled = this.#inFlight.get(state.shard) ?? Promise.resolve();
      settled.then(() => this.#sender.release(state)).catch(this.#options.onBroken);
    }
  }

  #send(group: readonly Page[]): void {
    const together = group.length > 1 ? this.#delivery.together(group) : Promise.resolve(false);
    for (const page of group) this.#occupy(page.state, this.#settle(page, together));
  }

  /** Nothing else of the shard is read or sent until the work is settled. */
  #occupy(state: ShardState, work: Promise<void>): void {
    state.busy = true;
    const settled = work
      .catch((error: unknown) => {
        if (error instanceof Abandoned) this.#options.log.debug({ error: messageOf(error) }, 'page abandoned');
        else this.#options.onBroken(error);
      })
      .then(() => this.#free(state));
    this.#inFlight.set(state.shard, settled);
  }

  /** Held rows whose way was made free go out before anything later of their shard is read. */
  async #releaseHeld(): Promise<void> {
    const now = this.#options.clock.monotonic();
    const holding = this.#heldKeys.holding(this.#memory.idle());
    if (holding.length === 0 || now < this.#releaseAt) return;
    this.#releaseAt = now + releaseEveryMs;
    const shards = holding.map(({ shard }) => shard);
    const rows = await this.#session.releasable(shards, [...this.#strictTopics], releaseRecords);
    for (const state of holding) {
      const own = rows.get(state.shard);
      if (own) this.#occupy(state, this.#release(state, own));
    }
    await this.#heldKeys.load(holding.filter(({ shard }) => !rows.has(shard))); // all of a key may have been discarded
  }

  async #release(state: ShardState, rows: readonly PageRow[]): Promise<void> {
    await this.#delivery.release(state, rows);
    await this.#heldKeys.load([state]);
    this.#releaseAt = Number.NEGATIVE_INFINITY; // there may be more
    this.#options.log.info({ shard: state.shard, records: rows.length }, 'held records tried again');
  }

  /**
   * The cursor moves only after the broker's acknowledgement, and is stored while next pages are on their way. None
   * is read while more than a full page's rows wait to be stored: at most two full pages a shard are published again
   * when this process dies.
   */
  async #settle(page: Page, together: Promise<boolean>): Promise<void> {
    const { state } = page;
    if (!(await together)) await this.#delivery.alone(page);
    this.#acknowledge(page);
    const stored: Promise<void> = this.#store(state)
      .catch(this.#options.onBroken)
      .then(() => {
        if (this.#storing.get(state.shard) === stored) this.#storing.delete(state.shard);
      });
    this.#storing.set(state.shard, stored);
    if (state.unstored >= this.#options.pageRecords) this.#saver.hurry();
    if (state.unstored > this.#options.pageRecords) await stored;
  }

  async #store(state: ShardState): Promise<void> {
    if (await this.#saver.save(state)) return;
    this.#memory.forget(state);
    await this.#sender.release(state);
  }

  #acknowledge({ state, rows, full }: Page): void {
    const { metrics, clock } = this.#options;
    const now = clock.now();
    const topics = new Map<string, number>();
    for (const { topic, createdAt } of rows) {
      metrics.relayPublishSeconds.observe(Math.max(0, now - createdAt) / 1_000);
      topics.set(topic, (topics.get(topic) ?? 0) + 1);
    }
    for (const [topic, count] of topics) metrics.relayPublished.inc({ topic }, count);
    metrics.relayPageSize.observe(rows.length);
    state.unstored += rows.length;
    const last = rows.at(-1) as PageRow;
    state.cursor = full ? afterFullPage(state.cursor, last.seq) : afterShortPage(state.cursor);
  }

  #free(state: ShardState): void {
    const waiting = state.missed || state.cursor.open !== undefined;
    state.busy = false;
    state.missed = false;
    this.#inFlight.delete(state.shard);
    if (waiting) this.#options.onFree();
  }
}
