import type { TopicPartition } from '../../broker/consumer.ts';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface OffsetWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Partitions whose offset an operator moved. */
  moved(): Promise<readonly TopicPartition[]>;
  /** Takes these over from where they are now. */
  onMoved(partitions: readonly TopicPartition[]): Promise<void>;
}

/** How soon a replay begins and a paused partition goes on, on an idle topic too. One look is one short query. */
const everyMs = 1_000;

/** Without it a moved offset would be noticed only when the next record fails at its compare-and-set. */
export function startOffsetWatch({ clock, log, moved, onMoved }: OffsetWatchOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const look = async () => {
    const partitions = await moved();
    if (partitions.length > 0 && !stopping.signal.aborted) await onMoved(partitions);
  };
  const watch = async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal);
      // Away for now: records in hand wait for the same store, and say so.
      if (!stopping.signal.aborted) await look().catch((error) => log.debug({ error: messageOf(error) }, 'no look'));
    }
  };
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}
