import type { TopicPartition } from '../../broker/consumer.ts';
import { createDlqLimit, type DlqLimit, type DlqLimitOptions } from '../dlq-limit.ts';

export const pauseReasons = ['dlq_limit', 'offset_beyond_end', 'halted'] as const;
export type PauseReason = (typeof pauseReasons)[number];

/** Partitions that this process stopped handling, and the limits that stop them; outlives assignments. */
export interface Pauses {
  limitOf(partition: TopicPartition): DlqLimit;
  pause(partition: TopicPartition, reason: PauseReason): void;
  /** Forgets why it was stopped and what its limit has seen. */
  resume(partition: TopicPartition): void;
  reasonOf(partition: TopicPartition): PauseReason | undefined;
  count(reason: PauseReason): number;
  /** True when half of these partitions, or more, were stopped by their dead letters. */
  isHalted(assigned: readonly TopicPartition[]): boolean;
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

export function createPauses(options: DlqLimitOptions): Pauses {
  const limits = new Map<string, DlqLimit>();
  const reasons = new Map<string, PauseReason>();
  const reasonOf = (partition: TopicPartition) => reasons.get(keyOf(partition));
  return {
    limitOf(partition) {
      const known = limits.get(keyOf(partition));
      if (known !== undefined) return known;
      const limit = createDlqLimit(options);
      limits.set(keyOf(partition), limit);
      return limit;
    },
    pause(partition, reason) {
      reasons.set(keyOf(partition), reason);
    },
    resume(partition) {
      reasons.delete(keyOf(partition));
      limits.delete(keyOf(partition));
    },
    reasonOf,
    count: (reason) => [...reasons.values()].filter((given) => given === reason).length,
    isHalted(assigned) {
      const stopped = assigned.filter((partition) => reasonOf(partition) === 'dlq_limit').length;
      return stopped > 0 && stopped * 2 >= assigned.length;
    },
  };
}
