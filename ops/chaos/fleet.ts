import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { peakMemoryMiB } from '../load/harness/cpu-time.ts';
import { logTail } from '../stack/daemon.ts';
import { checkoutRoot } from '../stack/paths.ts';

/** A relay in a process of its own, as `freshet run --roles relay` makes it. */
export interface RelayProcess {
  readonly pid: number;
  /** Part of the name under which it holds leases. */
  readonly mark: string;
  send(signal: NodeJS.Signals): void;
  ended(): Promise<void>;
}

export interface FleetOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

const logsTold = 4;

/** All relays of a run. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #running = new Map<number, ChildProcess>();
  readonly #expected = new Set<number>();
  #started = 0;
  /** Most memory any relay ever held. */
  peakMiB = 0;
  /** Relays that ended though nobody asked them to. */
  readonly deaths: string[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get relays(): RelayProcess[] {
    return [...this.#running].map(([pid, child]) => this.#relay(pid, child));
  }

  start(): RelayProcess {
    this.#started += 1;
    const { folder, env } = this.#options;
    const file = openSync(join(folder, `relay-${this.#started}.log`), 'a');
    const { PATH = '', HOME = '' } = process.env;
    const main = join(checkoutRoot(), 'ops', 'cli', 'freshet.js');
    const child = spawn(process.execPath, [main, 'run', '--roles', 'relay'], {
      env: { PATH, HOME, ...env },
      stdio: ['ignore', file, file],
      detached: true, // Ctrl-C is for this process, which stops its relays itself
    });
    closeSync(file);
    const pid = child.pid;
    if (pid === undefined) throw new Error('a relay could not be started');
    this.#running.set(pid, child);
    child.once('exit', (code, signal) => {
      this.#running.delete(pid);
      if (!this.#expected.has(pid)) this.deaths.push(`relay ${pid} ended with ${code ?? signal}`);
    });
    return this.#relay(pid, child);
  }

  /** The ends of the relays' logs. */
  lastWords(): string {
    const names = Array.from({ length: this.#started }, (_, n) => `relay-${n + 1}.log`).slice(-logsTold);
    return names.map((name) => `${name}:\n${logTail(join(this.#options.folder, name), 5)}`).join('\n');
  }

  noteMemory(): void {
    for (const pid of this.#running.keys()) {
      try {
        this.peakMiB = Math.max(this.peakMiB, peakMemoryMiB(pid));
      } catch {
        // It was killed a moment ago.
      }
    }
  }

  async stopAll(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const all = this.relays;
    for (const relay of all) relay.send(signal);
    await Promise.all(all.map((relay) => relay.ended()));
  }

  #relay(pid: number, child: ChildProcess): RelayProcess {
    const exited = () => child.exitCode !== null || child.signalCode !== null;
    return {
      pid,
      mark: `-${pid}-`,
      send: (signal) => {
        if (signal === 'SIGKILL' || signal === 'SIGTERM') {
          this.noteMemory();
          this.#expected.add(pid);
        }
        child.kill(signal);
      },
      ended: async () => {
        if (!exited()) await once(child, 'exit');
      },
    };
  }
}
