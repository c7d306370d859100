import type { Producer } from '../../broker/producer.ts';
import { afterFullPage, afterShortPage, openBatch, pageFilter, parseSnapshot } from '../../domain/outbox-cursor.ts';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxSession, PageRequest, PageRow } from '../../stores/relay.ts';
import { createCursorSaver } from './cursor-saver.ts';
import { Abandoned, createDelivery } from './delivery.ts';
import { groupPages } from './group-pages.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { createShardState, noteRowBytes, type Page, pageLimit, type ShardState } from './shard-state.ts';
import { createUnknownTopics } from './unknown-topics.ts';

export interface PublisherOptions {
  readonly producer: Producer;
  readonly leases: Pick<LeaseKeeper, 'held' | 'mayPublish'>;
  readonly pageRecords: number;
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

/** Publishing on one session; what it remembers ends with it. */
export interface Publisher {
  /** One probe, one read for all shards that have something, and the sends of what was found; not awaited. */
  round(): Promise<RoundResult>;
  /** Resolves when none of these shards (all where none are named) has anything in flight. */
  drained(shards?: readonly number[]): Promise<void>;
  /** Gives up waiting for the broker; pages in flight stay unacknowledged. */
  abandon(): void;
}

/** An idle shard's cursor is stored when the sequence went this far, lest rows be walked again and again. */
const idleSaveRows = 5_000n;
/** … and after this long, lest it hold back the dropping of partitions. */
const idleSaveMs = 30_000;
/** Most rows asked for in one round trip: the answer is parsed at one go. */
const roundRows = 4_000;

export function createPublisher(session: OutboxSession, options: PublisherOptions): Publisher {
  const { leases, pageRecords, clock, metrics, log } = options;
  const states = new Map<number, ShardState>();
  const inFlight = new Map<number, Promise<void>>();
  const saver = createCursorSaver({ session, clock });
  const abort = new AbortController();
  const isHeld = (state: ShardState) => leases.held().get(state.shard) === state.epoch;
  const deliver = createDelivery({
    ...options,
    session,
    unknownTopics: createUnknownTopics(clock),
    mayPublish: leases.mayPublish,
    isHeld,
    signal: abort.signal,
  });

  /** Forgets shards that are no longer held, reads the cursors of new ones. */
  const followLeases = async () => {
    for (const [shard, state] of states) if (!isHeld(state)) states.delete(shard);
    const added = [...leases.held()].filter(([shard]) => !states.has(shard) && !inFlight.has(shard));
    if (added.length === 0) return;
    for (const row of await session.loadCursors(new Map(added))) {
      saver.noteProven(row.nextFloor);
      states.set(row.shard, createShardState(row, clock.monotonic()));
    }
  };

  /** Opens batches up to the snapshot; shards that were read longest ago come first. */
  const requestsFor = (snapshot: string, provenFloor: bigint) => {
    const target = parseSnapshot(snapshot);
    const requests: PageRequest[] = [];
    let budget = roundRows;
    let more = false;
    for (const state of [...states.values()]) {
      if (state.busy) state.missed = true;
      if (state.busy || (!state.cursor.open && state.cursor.base.text === snapshot)) continue;
      const limit = pageLimit(state, pageRecords);
      if (limit > budget && requests.length > 0) {
        more = true;
        continue;
      }
      budget -= limit;
      if (!state.cursor.open) state.cursor = openBatch(state.cursor, target, provenFloor);
      requests.push({ shard: state.shard, filter: pageFilter(state.cursor), limit });
      states.delete(state.shard);
      states.set(state.shard, state);
    }
    return { requests, more };
  };

  const acknowledge = ({ state, rows, full }: Page) => {
    const now = clock.now();
    for (const row of rows) metrics.relayPublishSeconds.observe(Math.max(0, now - row.createdAt) / 1_000);
    metrics.relayPageSize.observe(rows.length);
    const last = rows.at(-1) as PageRow;
    state.cursor = full ? afterFullPage(state.cursor, last.seq) : afterShortPage(state.cursor);
  };

  /** The cursors move only after the broker's acknowledgement, and no page is read before they are stored. */
  const settle = async (group: readonly Page[]) => {
    await deliver(group);
    group.forEach(acknowledge);
    const held = await Promise.all(group.map(({ state }) => saver.save(state)));
    held.forEach((isOurs, at) => {
      const { state } = group[at] as Page;
      if (!isOurs && states.get(state.shard) === state) states.delete(state.shard);
    });
  };

  const send = (group: readonly Page[]) => {
    for (const { state } of group) state.busy = true;
    const settled = settle(group)
      .catch((error: unknown) => {
        if (error instanceof Abandoned) log.debug({ error: messageOf(error) }, 'page abandoned');
        else options.onBroken(error);
      })
      .then(() => {
        for (const { state } of group) {
          state.busy = false;
          inFlight.delete(state.shard);
        }
        if (group.some(({ state }) => state.missed || state.cursor.open)) options.onFree();
        for (const { state } of group) state.missed = false;
      });
    for (const { state } of group) inFlight.set(state.shard, settled);
  };

  const saveIdle = () => {
    const now = clock.monotonic();
    for (const state of states.values()) {
      if (state.busy || state.cursor.open || state.cursor.base.text === state.savedBase) continue;
      if (saver.sequence() - state.savedFloor <= idleSaveRows && now - state.savedAt < idleSaveMs) continue;
      state.savedAt = now;
      state.savedFloor = saver.sequence();
      saver.save(state).catch(options.onBroken);
    }
  };

  const round = async (): Promise<RoundResult> => {
    await followLeases();
    if (states.size === 0) return { rows: 0, more: false };
    const provenFloor = saver.provenFloor(); // as committed before the snapshot is taken
    const { sequence, snapshot } = await session.probe();
    saver.noteSequence(sequence);
    const { requests, more } = requestsFor(snapshot, provenFloor);
    if (requests.length === 0) return { rows: 0, more };
    const found = await session.readPages(requests);
    const pages: Page[] = [];
    for (const { shard, limit } of requests) {
      const state = states.get(shard) as ShardState;
      const rows = found.get(shard) ?? [];
      state.deep = rows.length === limit;
      if (rows.length === 0) state.cursor = afterShortPage(state.cursor);
      else {
        noteRowBytes(state, rows);
        pages.push({ state, rows, full: state.deep });
      }
    }
    for (const group of groupPages(pages, pageRecords)) send(group);
    saveIdle();
    return { rows: pages.reduce((sum, { rows }) => sum + rows.length, 0), more };
  };

  return {
    round,
    async drained(shards) {
      await Promise.all([...inFlight].filter(([shard]) => shards?.includes(shard) ?? true).map(([, done]) => done));
    },
    abandon: () => abort.abort(),
  };
}
