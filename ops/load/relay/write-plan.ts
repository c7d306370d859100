/** What a writer is to commit, in order: events `from … to - 1`. */
export interface WritePlan {
  readonly url: string;
  /** Takes topic, first event and the one after the last. */
  readonly sql: string;
  readonly topic: string;
  readonly from: number;
  readonly to: number;
  /** Each commit has so many events. */
  readonly rowsPerCommit: number;
  readonly connections: number;
  /** Undefined: as fast as it can. */
  readonly eventsPerSecond?: number;
  /** Ends after this, wherever it is then. */
  readonly forMs?: number;
  /** The relay is signalled after each commit, as our committers do. */
  readonly signalled: boolean;
}

export interface Written {
  /** Events `from … to - 1` are committed. */
  readonly to: number;
  /** When each commit was acknowledged to the writer, on the shared clock; commit `j` holds `rowsPerCommit` events from `from + j * rowsPerCommit` on. */
  readonly committedAt: Float64Array;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Which connection commits event `i`: commits go round, so that which events have an order is known beforehand. */
export const laneOf = ({ from, rowsPerCommit, connections }: WritePlan, i: number): number =>
  Math.floor((i - from) / rowsPerCommit) % connections;
