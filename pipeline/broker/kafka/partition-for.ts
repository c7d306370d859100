import { partitionOf } from '../../domain/murmur2.ts';
import type { ProducerRecord } from '../producer.ts';

/** The partition of a record, as the port says. */
export function partitionFor({ key, partition }: Pick<ProducerRecord, 'key' | 'partition'>, count: number): number {
  if (partition !== undefined && partition < count) return partition;
  return key === null ? 0 : partitionOf(key, count);
}
