import type { TopicPartition } from '../../broker/consumer.ts';
import { TransientError } from '../errors.ts';
import type { RunnerOptions } from './options.ts';
import type { Position } from './ports.ts';

export interface Claim {
  readonly partition: TopicPartition;
  readonly position: Position;
  /** End of the log. */
  readonly high: bigint;
}

type ClaimOptions = Pick<RunnerOptions<unknown>, 'stage' | 'offsets' | 'progress' | 'owner' | 'autoOffsetReset'>;

/** Takes the partitions' offsets: their epochs rise, so that whatever a former owner has in flight fails. */
export async function claimPartitions(
  { stage, offsets, progress, owner, autoOffsetReset }: ClaimOptions,
  partitions: readonly TopicPartition[],
): Promise<Claim[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const ranges = (await Promise.all(topics.map((topic) => offsets.offsets(topic)))).flat();
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
