import type { Kafka, Transaction } from 'kafkajs';
import type { Clock } from '../../kernel/clock.ts';
import type { Producer, TopicRecords } from '../producer.ts';
import { brokerErrors, type KafkaNames, translateKafka } from './client.ts';
import { chunk, murmur2Partitioner } from './driver-requests.ts';

export interface TransactionalProducerOptions {
  readonly kafka: Kafka;
  readonly names: KafkaNames;
  readonly transactionalId: string;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** How long the broker keeps readers waiting for a relay that died with a transaction open and has no successor. */
const transactionTimeoutMs = 15_000;
/** The broker may still be writing the last transaction's markers when the next one begins. */
const markersMs = 3;
const mostTries = 200;

/**
 * Each `send` is one transaction. Opening it cuts off every producer that was opened with the same id before,
 * and aborts what that one left. After an error it must be closed and a new one opened, since the driver's
 * sequence numbers can no longer be trusted.
 */
export async function openTransactionalProducer(options: TransactionalProducerOptions): Promise<Producer> {
  const { kafka, names, transactionalId, clock } = options;
  const producer = kafka.producer({
    createPartitioner: murmur2Partitioner,
    allowAutoTopicCreation: false,
    transactionalId,
    transactionTimeout: transactionTimeoutMs,
    retry: { retries: 0 },
  });
  const sendAll = async (transaction: Transaction, batch: readonly TopicRecords[]) => {
    for (const topicMessages of chunk(batch, names)) await transaction.sendBatch({ acks: -1, topicMessages });
  };
  const send = async (batch: readonly TopicRecords[]) => {
    for (let tries = 1; ; tries += 1) {
      const transaction = await producer.transaction();
      try {
        await sendAll(transaction, batch);
        return await transaction.commit();
      } catch (error) {
        if (!isStillEnding(error) || tries === mostTries) throw error;
        await transaction.abort();
        await clock.sleep(markersMs);
      }
    }
  };
  try {
    await producer.connect();
    await (await producer.transaction()).abort(); // the first one asks for the producer id, which is the fence
  } catch (error) {
    await producer.disconnect().catch(() => undefined); // it never came to be
    throw translateKafka(error);
  }
  return {
    send: (batch) =>
      send(batch).catch((error: unknown) => {
        throw translateKafka(error);
      }),
    close: () => producer.disconnect(),
  };
}

function isStillEnding(error: unknown): boolean {
  return brokerErrors(error).some(({ type }) => type === 'CONCURRENT_TRANSACTIONS');
}
