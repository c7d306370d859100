import { afterShortPage, openBatch, pageFilter, parseSnapshot } from '../../domain/outbox-cursor.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { OutboxSession, PageRequest, PageRow, Reading } from '../../stores/relay.ts';
import type { CursorSaver } from './cursor-saver.ts';
import type { HeldKeys } from './held-keys.ts';
import { createShardState, noteRowBytes, type Page, pageLimit, type ShardState } from './shard-state.ts';

/** Most rows asked for in one round trip: the answer is parsed at one go. */
const roundRows = 4_000;
/** An idle shard's cursor is stored when the sequence went this far, lest rows be walked again and again. */
const idleSaveRows = 5_000n;
/** … and after this long, lest it hold back the dropping of partitions. */
const idleSaveMs = 30_000;

export interface ShardMemoryOptions {
  readonly session: Pick<OutboxSession, 'loadCursors'>;
  readonly saver: CursorSaver;
  readonly heldKeys: HeldKeys;
  readonly clock: Clock;
  readonly pageRecords: number;
  held(): ReadonlyMap<number, bigint>;
}

/** The cursors of the shards held, as far as this session has moved them. */
export class ShardMemory {
  readonly #options: ShardMemoryOptions;
  /** Those read longest ago come first. */
  readonly #states = new Map<number, ShardState>();

  constructor(options: ShardMemoryOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#states.size;
  }

  /** Those with nothing in flight. */
  idle(): ShardState[] {
    return [...this.#states.values()].filter(({ busy }) => !busy);
  }

  isHeld = (state: ShardState): boolean => !state.isLost && this.#options.held().get(state.shard) === state.epoch;

  /** Its cursor is another's: what of it is in flight is not tried again. */
  forget(state: ShardState): void {
    state.isLost = true;
    if (this.#states.get(state.shard) === state) this.#states.delete(state.shard);
  }

  /** Forgets shards that are no longer held, reads the cursors of new ones; answers the forgotten. */
  async followLeases(isInFlight: (shard: number) => boolean): Promise<ShardState[]> {
    const { session, saver, heldKeys, clock, held } = this.#options;
    const gone = [...this.#states.values()].filter((state) => !this.isHeld(state));
    for (const { shard } of gone) this.#states.delete(shard);
    const added = [...held()].filter(([shard]) => !this.#states.has(shard) && !isInFlight(shard));
    if (added.length === 0) return gone;
    const rows = await session.loadCursors(new Map(added));
    const states = rows.map((row) => createShardState(row, clock.monotonic()));
    await heldKeys.load(states); // under the epoch that was read: nobody else sets anything aside from now on
    for (const { nextFloor } of rows) saver.noteProven(nextFloor);
    for (const state of states) this.#states.set(state.shard, state);
    return gone;
  }

  find(shard: number): ShardState | undefined {
    return this.#states.get(shard);
  }

  /** What to read of shards with nothing in flight; `more` where some were left for the next round. */
  requests(): { readonly requests: PageRequest[]; readonly more: boolean } {
    const requests: PageRequest[] = [];
    let budget = roundRows;
    let more = false;
    for (const state of [...this.#states.values()]) {
      if (state.busy) {
        state.missed = true;
        continue;
      }
      const limit = pageLimit(state, this.#options.pageRecords);
      if (limit > budget && requests.length > 0) {
        more = true;
        continue;
      }
      budget -= limit;
      requests.push({ shard: state.shard, filter: pageFilter(state.cursor), limit });
      this.#states.delete(state.shard);
      this.#states.set(state.shard, state);
    }
    return { requests, more };
  }

  /**
   * What was found. Batches are opened up to the snapshot of the reading; where nothing was found, they are closed
   * in memory only; `again` where a walk began above rows of a transaction that has ended meanwhile.
   */
  pages(
    requests: readonly PageRequest[],
    reading: Reading,
    provenFloor: bigint,
  ): { readonly pages: Page[]; readonly again: boolean } {
    const target = parseSnapshot(reading.snapshot);
    const pages: Page[] = [];
    let again = false;
    for (const { shard, limit, filter } of requests) {
      const state = this.#states.get(shard);
      if (!state) continue; // found to be another's while it was read
      if (!state.cursor.open) state.cursor = openBatch(state.cursor, target, provenFloor);
      if (pageFilter(state.cursor).lastSeq < filter.lastSeq) {
        again = true;
        continue;
      }
      const page = takePage(state, reading.pages.get(shard) ?? [], limit);
      if (page) pages.push(page);
    }
    return { pages, again };
  }

  /** Stores cursors that moved without rows of their own. */
  async saveIdle(): Promise<void> {
    const { saver, clock } = this.#options;
    const now = clock.monotonic();
    const due = [...this.#states.values()].filter(
      (state) =>
        !state.busy &&
        !state.cursor.open &&
        state.cursor.base.text !== state.savedBase &&
        (state.savedOpen ||
          saver.sequence() - state.savedFloor > idleSaveRows ||
          state.cursor.baseFloor - state.savedBaseFloor > idleSaveRows ||
          now - state.savedAt >= idleSaveMs),
    );
    for (const state of due) {
      state.savedOpen = false;
      state.savedAt = now;
      state.savedFloor = saver.sequence();
      state.savedBaseFloor = state.cursor.baseFloor;
    }
    await Promise.all(due.map((state) => saver.save(state)));
  }
}

function takePage(state: ShardState, rows: readonly PageRow[], limit: number): Page | undefined {
  state.deep = rows.length === limit;
  if (rows.length === 0) {
    state.cursor = afterShortPage(state.cursor);
    return undefined;
  }
  noteRowBytes(state, rows);
  return { state, rows, full: state.deep };
}
