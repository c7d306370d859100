import type { OutboxCursor } from '../../domain/outbox-cursor.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { OutboxSession } from '../../stores/relay.ts';
import type { ShardState } from './shard-state.ts';

export interface CursorSaver {
  /** A value of the sequence that was read; what later saves store as floor. */
  noteSequence(sequence: bigint): void;
  /** A floor that a committed row carries. */
  noteProven(floor: bigint): void;
  sequence(): bigint;
  /** A floor that is proven for every snapshot taken from now on. */
  provenFloor(): bigint;
  /** Resolves when the cursor as it is now is stored; false where the lease was lost meanwhile. */
  save(state: ShardState): Promise<boolean>;
}

export interface CursorSaverOptions {
  readonly session: Pick<OutboxSession, 'saveCursors'>;
  readonly clock: Clock;
}

interface Waiting {
  readonly state: ShardState;
  resolve(held: boolean): void;
  reject(error: unknown): void;
}

/**
 * Stores cursors in one statement at a time; those that come meanwhile share the next one, and a statement that gets
 * slow so makes itself rarer. Several pages of one shard are not covered by one: the row's dead versions beside a
 * transaction open for a minute (2,100 updates) cost nothing that could be measured, 5–10 ms a save with and without
 * on a busy machine with fsync, and what is ahead of the row would be published again after a crash.
 */
export function createCursorSaver({ session, clock }: CursorSaverOptions): CursorSaver {
  let sequence = 0n;
  let proven = 0n;
  let queue: Waiting[] = [];
  let saving = false;

  const saveAll = async (waiting: readonly Waiting[]) => {
    // Read before the UPDATE is given its xid: once that has committed, the value is a proven floor.
    const floor = sequence;
    const states = [...new Set(waiting.map(({ state }) => state))];
    const cursors = states.map(({ cursor }) => cursor);
    const held = await session.saveCursors(
      states.map(({ shard, epoch, cursor }) => ({ shard, epoch, cursor, nextFloor: floor })),
    );
    if (held.size > 0 && floor > proven) proven = floor;
    states.forEach((state, at) => {
      state.savedFloor = floor;
      state.savedBase = (cursors[at] as OutboxCursor).base.text;
      state.savedBaseFloor = (cursors[at] as OutboxCursor).baseFloor;
      state.savedOpen = cursors[at]?.open !== undefined;
      state.savedAt = clock.monotonic();
    });
    for (const { state, resolve } of waiting) resolve(held.has(state.shard));
  };

  const run = async () => {
    saving = true;
    await Promise.resolve(); // lets those that were acknowledged together be stored together
    while (queue.length > 0) {
      const waiting = queue;
      queue = [];
      try {
        await saveAll(waiting);
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    saving = false;
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
    save: (state) =>
      new Promise((resolve, reject) => {
        queue.push({ state, resolve, reject });
        if (!saving) void run();
      }),
  };
}
