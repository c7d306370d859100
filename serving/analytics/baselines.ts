import type { Clock } from '../../pipeline/kernel/clock.ts';
import type { Analytics, Baseline } from '../../pipeline/stores/analytics.ts';

export interface DatedBaseline {
  /** Milliseconds since the epoch: impressions from `from` on and before `to`, which is when it was read. */
  readonly from: number;
  readonly to: number;
  readonly baseline: Baseline | 'too_slow';
}

/** `busy` where too many others wait; rejects as `Analytics` does, and forgets that. */
export type ReadBaseline = (namespace: string, days: number) => Promise<DatedBaseline | 'busy'>;

export interface BaselinesOptions {
  readonly analytics: Analytics;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

/** How long an answer is given again; what took too long is not tried sooner, either. */
const keptForMs = 30_000;
/** Namespaces come from clients. */
const keptAnswers = 100;
const waitingReads = 8;
const dayMs = 86_400_000;

interface Entry {
  readonly reading: Promise<DatedBaseline>;
  /** Monotonic; undefined while it is read. */
  readAt: number | undefined;
}

/**
 * Baselines from memory, read again when they are old. Whoever asks for the same while it is read waits for that; of
 * different ones one is read at a time, so that no crowd of dashboards takes Postgres from those who need it.
 */
export function createBaselines({ analytics, clock }: BaselinesOptions): ReadBaseline {
  const entries = new Map<string, Entry>();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const read = async (namespace: string, days: number): Promise<DatedBaseline> => {
    const to = clock.now();
    const from = to - days * dayMs;
    return { from, to, baseline: await analytics.baseline(namespace, { from, to }) };
  };
  const begin = (key: string, namespace: string, days: number): Promise<DatedBaseline> => {
    waiting += 1;
    const reading = last.then(() => read(namespace, days));
    const entry: Entry = { reading, readAt: undefined };
    entries.set(key, entry);
    const ended = reading.then(
      () => {
        entry.readAt = clock.monotonic();
      },
      () => void entries.delete(key), // whoever waits hears of it
    );
    last = ended.finally(() => {
      waiting -= 1;
      dropOldest(entries);
    });
    return reading;
  };
  return async function readBaseline(namespace, days) {
    const key = `${days} ${namespace}`;
    const entry = entries.get(key);
    const isFresh = entry && (entry.readAt === undefined || clock.monotonic() - entry.readAt < keptForMs);
    if (isFresh) return entry.reading;
    entries.delete(key);
    return waiting >= waitingReads ? 'busy' : begin(key, namespace, days);
  };
}

function dropOldest(entries: Map<string, Entry>): void {
  for (const [key, { readAt }] of entries) {
    if (entries.size <= keptAnswers) return;
    if (readAt !== undefined) entries.delete(key);
  }
}
