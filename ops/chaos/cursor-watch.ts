import { setTimeout as delay } from 'node:timers/promises';
import { type CursorPosition, setBack } from './judge.ts';
import type { OutboxLog } from './outbox-log.ts';

export interface CursorWatch {
  /** Each time a stored cursor went back. */
  readonly setBacks: readonly string[];
  /** Looks taken. */
  readonly looks: () => number;
  stop(): Promise<void>;
}

const everyMs = 50;

/** Looks at the stored cursors all the while: nobody may ever move one back, least of all a relay that overslept. */
export function watchCursors(outbox: Pick<OutboxLog, 'positions'>): CursorWatch {
  const setBacks: string[] = [];
  const last = new Map<number, CursorPosition>();
  let looks = 0;
  let stopped = false;
  const look = async () => {
    for (const position of await outbox.positions()) {
      const former = last.get(position.shard);
      const wrong = former && setBack(former, position);
      if (wrong !== undefined) setBacks.push(wrong);
      last.set(position.shard, position);
    }
    looks += 1;
  };
  const run = async () => {
    while (!stopped) {
      await look().catch(() => undefined); // Postgres may be the victim
      await delay(everyMs);
    }
  };
  const running = run();
  return {
    setBacks,
    looks: () => looks,
    async stop() {
      stopped = true;
      await running;
    },
  };
}
