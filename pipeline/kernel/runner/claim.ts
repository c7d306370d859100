import type { TopicPartition } from '../../broker/consumer.ts';
import { FreshetError, messageOf, TransientError } from '../errors.ts';
import type { RunnerOptions } from './options.ts';
import type { Position, RunnerProgress } from './ports.ts';

export interface Claim {
  readonly partition: TopicPartition;
  readonly position: Position;
  /** End of the log. */
  readonly high: bigint;
}

type ClaimOptions = Pick<RunnerOptions<unknown>, 'stage' | 'offsets' | 'owner' | 'autoOffsetReset'> & {
  readonly progress: Pick<RunnerProgress<never>, 'claim'>;
};

/** Takes the partitions' offsets: their epochs rise, so that whatever a former owner has in flight fails. */
export async function claimPartitions(
  { stage, offsets, progress, owner, autoOffsetReset }: ClaimOptions,
  partitions: readonly TopicPartition[],
): Promise<Claim[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const ranges = (await Promise.all(topics.map((topic) => offsets.offsets(topic).catch(waitForTopic)))).flat();
  return Promise.all(
    partitions.map(async (partition) => {
      const range = ranges.find((each) => each.topic === partition.topic && each.partition === partition.partition);
      if (range === undefined)
        throw new TransientError('partition_unknown', `no offsets of ${partition.topic}/${partition.partition}`);
      const position = await progress.claim({
        stateVersion: stage.stateVersion,
        stage: stage.name,
        ...partition,
        owner,
        initial: autoOffsetReset === 'earliest' ? range.low : range.high,
      });
      return { partition, position, high: range.high };
    }),
  );
}

/** Brokers that have just started deny topics that exist. */
function waitForTopic(error: unknown): never {
  if (!(error instanceof FreshetError) || error.code !== 'topic_unknown') throw error;
  throw new TransientError(error.code, messageOf(error), { cause: error });
}

/** A partition's new leader hears from its followers at least this often (Kafka's replica.lag.time.max.ms is 30 s). */
const endSettlesMs = 30_000;
const lookAgainMs = 500;

/**
 * Whether the claimed offset lies beyond the end of the log for good. For a moment it may seem to: a former owner
 * moved it after the end was read, or a new leader does not yet know how far its followers are.
 */
export async function isBeyondEnd(
  { offsets, clock }: Pick<RunnerOptions<unknown>, 'offsets' | 'clock'>,
  { partition: { topic, partition }, position, high }: Claim,
  signal: AbortSignal,
): Promise<boolean> {
  let end = high;
  for (let waitedMs = 0; position.nextOffset > end; waitedMs += lookAgainMs) {
    if (signal.aborted) return false; // nothing will be handled
    if (waitedMs >= endSettlesMs) return true;
    await clock.sleep(waitedMs === 0 ? 0 : lookAgainMs, signal);
    const ranges = await offsets.offsets(topic).catch(() => []); // away: asked again
    end = ranges.find((range) => range.partition === partition)?.high ?? end;
  }
  return false;
}
