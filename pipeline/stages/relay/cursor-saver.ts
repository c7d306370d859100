import type { Clock } from '../../kernel/clock.ts';
import type { OutboxSession } from '../../stores/relay.ts';
import type { ShardState } from './shard-state.ts';
import { createWake } from './wake.ts';

export interface CursorSaver {
  /** A value of the sequence that was read; what later saves store as floor. */
  noteSequence(sequence: bigint): void;
  /** A floor that a committed row carries. */
  noteProven(floor: bigint): void;
  sequence(): bigint;
  /** A floor that is proven for every snapshot taken from now on. */
  provenFloor(): bigint;
  /** Resolves when the cursor as it is now, or a later one, is stored; false where the lease was lost meanwhile. */
  save(state: ShardState): Promise<boolean>;
  /** Somebody waits for what is to be saved. */
  hurry(): void;
  /** Resolves when nothing is to be saved any more. */
  finish(): Promise<void>;
}

export interface CursorSaverOptions {
  readonly session: Pick<OutboxSession, 'saveCursors'>;
  readonly clock: Clock;
}

/** Rest between two statements that nobody waits for: at steady rates one serves all shards and several of their pages. */
const restMs = 25;

/**
 * Stores cursors in one statement at a time; those that come meanwhile share the next one. A statement that an
 * open transaction makes slow (dead versions of the row pile up) is thereby sent less often.
 */
export function createCursorSaver({ session, clock }: CursorSaverOptions): CursorSaver {
  let sequence = 0n;
  let proven = 0n;
  let queue = new Map<ShardState, PromiseWithResolvers<boolean>>();
  let working: Promise<void> | undefined;
  const urgent = createWake(clock);

  const saveAll = async (states: readonly ShardState[]): Promise<ReadonlySet<number>> => {
    // Read before the UPDATE is given its xid: once that has committed, the value is a proven floor.
    const floor = sequence;
    const captured = states.map(({ cursor, unstored }) => ({ cursor, unstored }));
    const rows = states.map(({ shard, epoch, cursor }) => ({ shard, epoch, cursor, nextFloor: floor }));
    const held = await session.saveCursors(rows);
    if (held.size > 0 && floor > proven) proven = floor;
    for (const [at, { cursor, unstored }] of captured.entries()) {
      const state = states[at] as ShardState;
      state.savedFloor = floor;
      state.savedBase = cursor.base.text;
      state.savedBaseFloor = cursor.baseFloor;
      state.savedOpen = cursor.open !== undefined;
      state.savedAt = clock.monotonic();
      state.unstored -= unstored;
    }
    return held;
  };

  const work = async () => {
    await Promise.resolve(); // lets those that were acknowledged together be stored together
    while (queue.size > 0) {
      const waiting = queue;
      queue = new Map();
      try {
        const held = await saveAll([...waiting.keys()]);
        for (const [{ shard }, { resolve }] of waiting) resolve(held.has(shard));
      } catch (error) {
        for (const { reject } of waiting.values()) reject(error);
      }
      await urgent.wait(restMs);
    }
    working = undefined;
  };

  return {
    noteSequence(value) {
      if (value > sequence) sequence = value;
    },
    noteProven(floor) {
      if (floor > proven) proven = floor;
      if (floor > sequence) sequence = floor;
    },
    sequence: () => sequence,
    provenFloor: () => proven,
    save(state) {
      let waiting = queue.get(state);
      if (!waiting) {
        waiting = Promise.withResolvers<boolean>();
        queue.set(state, waiting);
      }
      working ??= work();
      return waiting.promise;
    },
    hurry: urgent.signal,
    async finish() {
      urgent.signal();
      await working;
    },
  };
}
