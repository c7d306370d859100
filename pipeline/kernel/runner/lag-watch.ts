import type { BrokerAdmin } from '../../broker/admin.ts';
import type { Clock } from '../clock.ts';
import type { Session } from './session.ts';

/** Fetches tell the end of the log too, but not of partitions that are paused, or where fetching itself hangs. */
const everyMs = 10_000;

export interface LagWatchOptions {
  readonly clock: Clock;
  readonly offsets: Pick<BrokerAdmin, 'offsets'>;
  sessions(): Iterable<Session>;
  /** After each look, with what has grown. */
  onLook(session: Session): void;
}

/** Looks how far the log has come whether or not anything is handled, so that lag is seen where all stands still. */
export function startLagWatch(options: LagWatchOptions): { stop(): void } {
  const { clock, sessions } = options;
  const stopping = new AbortController();
  const look = async () => {
    const topics = new Set([...sessions()].map(({ partition }) => partition.topic));
    for (const topic of topics) {
      const ranges = await options.offsets.offsets(topic).catch(() => []); // away: looked at again
      if (stopping.signal.aborted) return;
      for (const session of sessions()) {
        if (session.partition.topic !== topic) continue;
        const range = ranges.find(({ partition }) => partition === session.partition.partition);
        if (range !== undefined) session.sees(range.high, clock.now());
        options.onLook(session);
      }
    }
  };
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal);
      if (!stopping.signal.aborted) await look();
    }
  };
  void watch(); // never rejects; a look in flight at the stop ends unheeded
  return { stop: () => stopping.abort() };
}
