import type { OutboxSession, PageRow } from '../../stores/relay.ts';
import type { ShardState } from './shard-state.ts';

type Lane = Pick<PageRow, 'topic' | 'key'>;

const laneOf = ({ topic, key }: Lane) => `${topic}\0${key.toString('latin1')}`;

/** Keys of strict-order topics with a record set aside: what comes later waits behind it. */
export interface HeldKeys {
  isHeld(state: ShardState, row: Lane): boolean;
  /** Says that this row was set aside; matters where its topic is strict. */
  add(state: ShardState, row: Lane): void;
  /** Shards of those given that hold anything back. */
  holding(states: Iterable<ShardState>): ShardState[];
  /** Reads what is set aside for these shards; what was known of them is replaced. */
  load(states: readonly ShardState[]): Promise<void>;
}

export interface HeldKeysOptions {
  readonly strictTopics: ReadonlySet<string>;
  readonly session: Pick<OutboxSession, 'heldKeys'>;
}

export function createHeldKeys({ strictTopics, session }: HeldKeysOptions): HeldKeys {
  const lanes = new WeakMap<ShardState, Set<string>>();
  return {
    isHeld: (state, row) => lanes.get(state)?.has(laneOf(row)) === true,
    add(state, row) {
      if (!strictTopics.has(row.topic)) return;
      const held = lanes.get(state) ?? new Set();
      lanes.set(state, held.add(laneOf(row)));
    },
    holding: (states) => [...states].filter((state) => (lanes.get(state)?.size ?? 0) > 0),
    async load(states) {
      if (strictTopics.size === 0 || states.length === 0) return;
      const byShard = new Map(states.map((state) => [state.shard, { state, held: new Set<string>() }]));
      const found = await session.heldKeys([...byShard.keys()], [...strictTopics]);
      for (const lane of found) byShard.get(lane.shard)?.held.add(laneOf(lane));
      for (const { state, held } of byShard.values()) {
        if (held.size > 0) lanes.set(state, held);
        else lanes.delete(state);
      }
    },
  };
}
