import type { DaemonSpec } from '../daemon.ts';
import type { ServerName } from '../server-name.ts';
import type { StackState } from '../state.ts';

/** What a server's definition may use. */
export interface EmbeddedContext {
  /** The checkout's stack folder: configuration and data below `<name>/`. */
  readonly folder: string;
  /** The machine-wide folder of binaries. */
  readonly binaries: string;
  readonly java: string;
  readonly state: StackState;
}

/** How one server is run by hand on this machine. */
export interface EmbeddedServer {
  readonly name: ServerName;
  /** Servers that must be healthy before this one starts. */
  readonly needs: readonly ServerName[];
  /** Makes the data folder and the configuration; called before every start, repeats harmlessly. */
  prepare(context: EmbeddedContext): Promise<void>;
  daemon(context: EmbeddedContext): Omit<DaemonSpec, 'logFile'>;
  /** What must exist in the server once it answers. */
  afterStart?(context: EmbeddedContext): Promise<void>;
  readonly stopSignal: NodeJS.Signals;
}
