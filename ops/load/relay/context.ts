import type { BenchArea } from './area.ts';
import type { BenchEvents } from './events.ts';
import type { ServerProcesses } from './server-cpu.ts';

/** What every scenario works with. */
export interface BenchContext {
  readonly area: BenchArea;
  readonly events: BenchEvents;
  readonly servers: ServerProcesses;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
