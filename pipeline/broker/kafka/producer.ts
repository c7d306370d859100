import type { Kafka } from 'kafkajs';
import type { Clock } from '../../kernel/clock.ts';
import { settleAll } from '../../kernel/settle-all.ts';
import type { Producer } from '../producer.ts';
import { type KafkaNames, translateKafka } from './client.ts';
import { openCluster } from './cluster.ts';
import {
  type PartitionError,
  type PartitionRecords,
  produceKey,
  produceVersion,
  readProduceErrors,
  writeProduceRequest,
} from './produce-request.ts';
import { createRequests } from './requests.ts';

export interface KafkaProducerOptions {
  readonly kafka: Kafka;
  readonly names: Pick<KafkaNames, 'topic'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** How long a broker waits for its replicas before it answers with an error. */
const replicasWithinMs = 20_000;

/**
 * Plain producer: no idempotence (the driver may reuse a sequence number after an ambiguous timeout and lose
 * messages silently), no retries (they would send behind the caller's back), no compression. Connections are the
 * driver's, record batches are written here: it groups messages in quadratic time and copies each several times.
 * Connects with the first send.
 */
export function createKafkaProducer({ kafka, names, clock }: KafkaProducerOptions): Producer {
  const cluster = openCluster(kafka);

  const sendTo = async (nodeId: number, partitions: readonly PartitionRecords[]) => {
    const body = writeProduceRequest(partitions, clock.now(), replicasWithinMs);
    const request = { apiKey: produceKey, apiVersion: produceVersion, apiName: 'Produce', body };
    const [refused] = readProduceErrors(await cluster.exchange(nodeId, request));
    if (refused) throw brokerError(refused);
  };

  return {
    async send(batch) {
      try {
        const named = batch.map(({ topic, records }) => ({ topic: names.topic(topic), records }));
        const leaders = await cluster.leaders(new Set(named.map(({ topic }) => topic)));
        for (const round of createRequests(named, leaders)) {
          await settleAll([...round].map(([nodeId, partitions]) => sendTo(nodeId, partitions)));
        }
      } catch (error) {
        cluster.distrust(error);
        throw translateKafka(error);
      }
    },
    close: () => cluster.close(),
  };
}

/** Codes of a Produce response that mean something for the record; all others mean that waiting helps. */
const errorTypes: Readonly<Record<number, string>> = {
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC_EXCEPTION',
  18: 'RECORD_LIST_TOO_LARGE',
  32: 'INVALID_TIMESTAMP',
  87: 'INVALID_RECORD',
};

function brokerError({ topic, partition, code }: PartitionError): Error {
  const type = errorTypes[code] ?? `BROKER_ERROR_${code}`;
  return Object.assign(new Error(`the broker refused records of ${topic}/${partition}: ${type}`), { type });
}
