import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { peakMemoryMiB } from '../load/harness/cpu-time.ts';
import { logTail } from '../stack/daemon.ts';
import { checkoutRoot } from '../stack/paths.ts';

/** Roles in a process of their own, as `freshet run --roles …` makes it. */
export interface FleetMember {
  readonly pid: number;
  /** Part of the name under which it holds leases and offsets. */
  readonly mark: string;
  /** Where its port listens; rejects while it does not say so. */
  url(): Promise<string>;
  send(signal: NodeJS.Signals): void;
  ended(): Promise<void>;
}

export interface FleetOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of its processes, in logs and messages. */
  readonly name: string;
  /** As `freshet run` takes them. */
  readonly roles: string;
}

const logsTold = 4;

/** All processes of one kind in a run. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #running = new Map<number, { readonly child: ChildProcess; readonly log: string }>();
  readonly #expected = new Set<number>();
  readonly #told = new Set<string>();
  #started = 0;
  /** Most memory that any of them ever held. */
  peakMiB = 0;
  /** Those that ended though nobody asked them to. */
  readonly deaths: string[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get members(): FleetMember[] {
    return [...this.#running].map(([pid, { child, log }]) => this.#member(pid, child, log));
  }

  start(): FleetMember {
    this.#started += 1;
    const { env, name, roles } = this.#options;
    const log = this.#logs().at(-1) as string;
    const file = openSync(log, 'a');
    const { PATH = '', HOME = '' } = process.env;
    const main = join(checkoutRoot(), 'ops', 'cli', 'freshet.js');
    const child = spawn(process.execPath, [main, 'run', '--roles', roles], {
      env: { PATH, HOME, ...env },
      stdio: ['ignore', file, file],
      detached: true, // Ctrl-C is for this process, which stops its children itself
    });
    closeSync(file);
    const pid = child.pid;
    if (pid === undefined) throw new Error(`a ${name} could not be started`);
    this.#running.set(pid, { child, log });
    child.once('exit', (code, signal) => {
      this.#running.delete(pid);
      if (!this.#expected.has(pid)) this.deaths.push(`${name} ${pid} ended with ${code ?? signal}`);
    });
    return this.#member(pid, child, log);
  }

  /** The ends of the newest logs. */
  lastWords(): string {
    return this.#logs()
      .slice(-logsTold)
      .map((path) => `${basename(path)}:\n${logTail(path, 5)}`)
      .join('\n');
  }

  /** Lines of all logs that hold one of the messages. */
  said(...messages: readonly string[]): string[] {
    return this.#logs().flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => messages.some((message) => line.includes(`"msg":"${message}"`)))
        .map((line) => `${basename(path)}: ${line}`),
    );
  }

  /** Those of these lines that were not asked for before. */
  saidAnew(...messages: readonly string[]): string[] {
    const lines = this.said(...messages).filter((line) => !this.#told.has(line));
    for (const line of lines) this.#told.add(line);
    return lines;
  }

  /** The logs lie in the folder of the run's servers, which goes with them. */
  keepLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const path of this.#logs()) copyFileSync(path, join(folder, basename(path)));
  }

  #logs(): string[] {
    const { folder, name } = this.#options;
    return Array.from({ length: this.#started }, (_, n) => join(folder, `${name}-${n + 1}.log`));
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
    const all = this.members;
    for (const member of all) member.send(signal);
    await Promise.all(all.map((member) => member.ended()));
  }

  #member(pid: number, child: ChildProcess, log: string): FleetMember {
    const exited = () => child.exitCode !== null || child.signalCode !== null;
    return {
      pid,
      mark: `-${pid}-`,
      url: async () => {
        const line = readFileSync(log, 'utf8')
          .split('\n')
          .find((one) => one.includes('"msg":"running"'));
        if (line === undefined) throw new Error(`${basename(log)} does not say where it listens`);
        return (JSON.parse(line) as { readonly listening: string }).listening;
      },
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
