import type { TopicRecords } from '../producer.ts';
import type { PartitionLeader } from './cluster.ts';
import { partitionFor } from './partition-for.ts';
import type { PartitionRecords } from './produce-request.ts';
import { recordBytes } from './record-batch.ts';

/** Below the smallest `max.message.bytes` of the catalogue. */
const batchBytes = 900_000;

/** What is written together: by the node that leads the partitions. */
export type Requests = Map<number, PartitionRecords[]>;

/**
 * Sorts records into one batch a partition, by Kafka's murmur2 over the key whatever the driver's default is, so
 * that an outbox shard keeps mapping to a fixed set of partitions. Where a batch would grow beyond what brokers
 * take, another round of requests begins; the records of a partition keep their order.
 */
export function createRequests(
  batch: readonly TopicRecords[],
  leaders: ReadonlyMap<string, readonly PartitionLeader[]>,
): Requests[] {
  const rounds = [createRound()];
  for (const { topic, records } of batch) {
    const partitions = leaders.get(topic) as readonly PartitionLeader[];
    for (const record of records) {
      const bytes = recordBytes(record);
      const partition = partitions[partitionFor(record, partitions.length)] as PartitionLeader;
      let target = openBatch(rounds.at(-1) as Round, topic, partition);
      if (target.records.length > 0 && target.bytes + bytes > batchBytes) {
        rounds.push(createRound());
        target = openBatch(rounds.at(-1) as Round, topic, partition);
      }
      target.records.push(record);
      target.bytes += bytes;
    }
  }
  return rounds.map(({ requests }) => requests);
}

interface Round {
  readonly requests: Requests;
  readonly batches: Map<PartitionLeader, PartitionRecords>;
}

function createRound(): Round {
  return { requests: new Map(), batches: new Map() };
}

function openBatch({ requests, batches }: Round, topic: string, partition: PartitionLeader): PartitionRecords {
  let batch = batches.get(partition);
  if (!batch) {
    batch = { topic, partition: partition.partitionId, records: [], bytes: 0 };
    batches.set(partition, batch);
    const ofLeader = requests.get(partition.leader);
    if (ofLeader) ofLeader.push(batch);
    else requests.set(partition.leader, [batch]);
  }
  return batch;
}
