import { type Component, type Running, startAll } from '../kernel/component.ts';
import { messageOf, TransientError } from '../kernel/errors.ts';
import { type StateVersion, type StateVersions, worksOn } from '../stores/state-version.ts';
import type { ProcessContext } from './resources.ts';

export interface PerVersionOptions {
  /** The role, for names. */
  readonly name: string;
  readonly versions: StateVersions;
  /** Components of one version; they stop when it is retired. `rate` is that of the version just now. */
  make(context: ProcessContext, version: StateVersion, rate: () => number | null): readonly Component[];
}

/** How soon a rebuild that was started is worked on, and one that was aborted no longer. */
const everyMs = 1_000;
/** After a failure of a version that no list is answered from: a person is needed, so this is not in a hurry. */
const startAgainMs = 30_000;

interface Entry {
  state: StateVersion;
  /** Stages that were told of. */
  readonly stages: Set<string>;
  running?: Running;
  /** Why it does not run; it is started again then, once it has stopped. */
  failure?: { readonly why: string; readonly again: number };
}

/**
 * Runs a role once for each version of state that this process works on, as the versions come and go. A failure of the
 * active version ends the process, as that of any role; one that is being built, or kept for a rollback, fails alone.
 */
export function perVersion(context: ProcessContext, options: PerVersionOptions): Component {
  return {
    name: options.name,
    start: async (fail) => new VersionedRole(context, options, fail),
  };
}

class VersionedRole implements Running {
  readonly #context: ProcessContext;
  readonly #options: PerVersionOptions;
  readonly #fail: (error: unknown) => void;
  readonly #entries = new Map<number, Entry>();
  readonly #ending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  #isKnown = false;

  constructor(context: ProcessContext, options: PerVersionOptions, fail: (error: unknown) => void) {
    this.#context = context;
    this.#options = options;
    this.#fail = fail;
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    const stopped = await Promise.allSettled([...this.#entries.values()].map(({ running }) => running?.stop()));
    await Promise.all(this.#ending);
    for (const one of stopped) if (one.status === 'rejected') throw one.reason;
  }

  /** A version that is being built holds back nobody. */
  unready(): string | undefined {
    if (!this.#isKnown) return 'asks which versions of state there are';
    for (const { state, running, failure } of this.#entries.values()) {
      if (!state.isActive) continue;
      const reason = failure?.why ?? (running === undefined ? 'starting' : running.unready?.());
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#context;
    let isAway = false;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#look();
        isAway = false;
      } catch (error) {
        if (!(error instanceof TransientError)) return this.#fail(error);
        if (!isAway) log.warn({ role: this.#options.name, error: messageOf(error) }, 'versions of state not known');
        isAway = true;
      }
      await clock.sleep(everyMs, this.#stopping.signal);
    }
  }

  async #look(): Promise<void> {
    const { config } = this.#context;
    const all = await this.#options.versions.running();
    const wanted = all.filter((version) => worksOn(config.FRESHET_CONSUMER_GROUP_ID, version));
    const numbers = new Set(wanted.map(({ version }) => version));
    for (const [version, entry] of this.#entries) if (!numbers.has(version)) await this.#end(version, entry);
    for (const state of wanted) {
      const entry = this.#entries.get(state.version) ?? { state, stages: new Set() };
      this.#entries.set(state.version, entry);
      entry.state = state;
      if (entry.failure !== undefined && this.#context.clock.monotonic() >= entry.failure.again) delete entry.failure;
      if (entry.running === undefined && entry.failure === undefined) await this.#begin(entry);
    }
    this.#isKnown = true;
  }

  async #begin(entry: Entry): Promise<void> {
    const { log } = this.#context;
    const { version } = entry.state;
    const { name, make } = this.#options;
    log.info({ role: name, version, active: entry.state.isActive }, 'works on a version of state');
    try {
      const components = make(this.#contextOf(entry), entry.state, () => entry.state.rate);
      entry.running = await startAll(components, log, (component, error) => this.#failed(entry, component, error));
    } catch (error) {
      this.#failed(entry, name, error);
    }
  }

  async #end(version: number, entry: Entry): Promise<void> {
    this.#context.log.info({ role: this.#options.name, version }, 'no longer works on a version of state');
    this.#entries.delete(version);
    await this.#stopOf(entry);
  }

  /** A stage is told of until everything of its version has stopped: what still writes lists is part of it. */
  #contextOf({ stages }: Entry): ProcessContext {
    const onStage: ProcessContext['onStage'] = (name, status) => {
      if (status === undefined) return;
      stages.add(name);
      this.#context.onStage(name, status);
    };
    return { ...this.#context, onStage };
  }

  #failed(entry: Entry, component: string, error: unknown): void {
    if (entry.state.isActive) {
      this.#fail(error);
      return;
    }
    const { log, clock } = this.#context;
    const { version } = entry.state;
    log.error(
      { component, version, error: messageOf(error) },
      'a version that is not active failed; nothing else stops',
    );
    const failed = { ...entry };
    delete entry.running;
    const why = messageOf(error);
    entry.failure = { why, again: Number.POSITIVE_INFINITY };
    const ending = this.#stopOf(failed).then(() => {
      entry.failure = { why, again: clock.monotonic() + startAgainMs };
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
  }

  async #stopOf({ running, stages, state: { version } }: Entry): Promise<void> {
    await running?.stop().catch((error: unknown) => {
      this.#context.log.error({ version, error: messageOf(error) }, 'could not stop');
    });
    for (const name of stages) this.#context.onStage(name, undefined);
  }
}
