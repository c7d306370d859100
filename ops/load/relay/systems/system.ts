import type { BenchArea } from '../area.ts';
import type { RelayProcess } from '../relay-process.ts';

export const systemNames = ['freshet', 'naive', 'xmin', 'debezium'] as const;
export type SystemName = (typeof systemNames)[number];

/** A relay, its table and how its writers append. All publish the same records to topics of the same shape. */
export interface RelaySystem {
  readonly name: SystemName;
  /** Makes its own tables; called once. */
  prepare(area: BenchArea): Promise<void>;
  /** Copies events `$2 … $3 - 1` from bench_event into its outbox, to the topic `$1`, in order. */
  readonly appendSql: string;
  /** True where committers signal the relay after their commit, on a connection of their own. */
  readonly signalled: boolean;
  /** Events that a new process publishes before it is measured live: the more its compiler needs. */
  readonly warmUpEvents: number;
  /** Empties the outbox; no relay runs. */
  reset(area: BenchArea): Promise<void>;
  /** Undoes what `reset` made besides, so that the other systems' runs do not feel it. */
  release(area: BenchArea): Promise<void>;
  /** Starts the relay in its own process, and waits for nothing. */
  start(area: BenchArea): Promise<RelayProcess>;
}
