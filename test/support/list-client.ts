import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../serving/recommend/answer.ts';
import { idsOf } from './shopper.ts';

export interface ListClient {
  /** Every list that a user was answered, as its item ids, by state version. */
  readonly seen: ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>>;
  /** State versions in the order they were answered from. */
  readonly versions: readonly number[];
  readonly levels: ReadonlySet<string>;
  /** Rejects where a list was refused. */
  stop(): Promise<void>;
}

const everyMs = 2;

/** Asks for the users' lists in turn, all the while, and notes what it was answered. */
export function startListClient(users: readonly string[], ask: (user: string) => Promise<Answer>): ListClient {
  const seen = new Map<string, Map<number, Set<string>>>();
  const versions: number[] = [];
  const levels = new Set<string>();
  const stopping = new AbortController();
  const note = (user: string, answer: Answer) => {
    const of = seen.get(user) ?? new Map<number, Set<string>>();
    seen.set(user, of);
    const lists = of.get(answer.state_version) ?? new Set<string>();
    of.set(answer.state_version, lists.add(idsOf(answer).join(' ')));
    levels.add(answer.fallback_level);
    if (versions.at(-1) !== answer.state_version) versions.push(answer.state_version);
  };
  const loop = async () => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const user = users[n % users.length] as string;
      note(user, await ask(user));
      await delay(everyMs);
    }
  };
  const running = loop();
  running.catch(() => undefined); // `stop` tells
  return {
    seen,
    versions,
    levels,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
