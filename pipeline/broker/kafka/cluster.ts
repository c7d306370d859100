import type { Kafka } from 'kafkajs';
import { TransientError } from '../../kernel/errors.ts';

export interface PartitionLeader {
  readonly partitionId: number;
  readonly leader: number;
}

interface Broker {
  readonly connectionPool: {
    send(exchange: {
      readonly request: {
        readonly apiKey: number;
        readonly apiVersion: number;
        readonly apiName: string;
        encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
      };
      readonly response: {
        decode(payload: Buffer): Promise<{ readonly payload: Buffer }>;
        parse(decoded: { readonly payload: Buffer }): Promise<Buffer>;
      };
    }): Promise<Buffer>;
  };
}

/** What the driver's cluster has of use: connections with their authentication, and metadata kept fresh. */
interface DriverCluster {
  targetTopics: Set<string>;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly PartitionLeader[];
  findBroker(node: { readonly nodeId: number }): Promise<Broker>;
  removeBroker(address: { readonly host: string; readonly port: number }): void;
}

/** Requests written by ourselves, over the driver's connections. */
export interface Cluster {
  /** Every partition's leader, in order of partitions; throws where the topic is unknown. */
  leaders(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly PartitionLeader[]>>;
  exchange(
    nodeId: number,
    request: { apiKey: number; apiVersion: number; apiName: string; body: Buffer },
  ): Promise<Buffer>;
  /** After an error: connections and metadata are looked at anew before the next request. */
  distrust(error: unknown): void;
  close(): Promise<void>;
}

const metadataMaxAgeMs = 300_000;

/**
 * The driver keeps its cluster to itself; it is reached by the name of the method that makes it (kafkajs 2.2.4,
 * pinned). Throws where a later driver has none.
 */
export function openCluster(kafka: Kafka): Cluster {
  const cluster = createDriverCluster(kafka);
  let isTrusted = false;

  const prepare = async (topics: ReadonlySet<string>) => {
    if (!isTrusted) {
      await cluster.connect();
      if (cluster.targetTopics.size > 0) await refresh(cluster);
      isTrusted = true;
    }
    await cluster.refreshMetadataIfNecessary();
    if ([...topics].some((topic) => !cluster.targetTopics.has(topic)))
      await cluster.addMultipleTargetTopics([...topics]);
  };

  return {
    async leaders(topics) {
      await prepare(topics);
      return new Map([...topics].map((topic) => [topic, partitionsOf(cluster, topic)]));
    },
    async exchange(nodeId, { body, ...request }) {
      const broker = await cluster.findBroker({ nodeId });
      return broker.connectionPool.send({
        request: { ...request, encode: async () => ({ buf: body, buffer: body }) },
        response: { decode: async (payload) => ({ payload }), parse: async ({ payload }) => payload },
      });
    },
    distrust(error) {
      isTrusted = false;
      const { name, host, port } = error as { name?: string; host?: string; port?: number };
      if (name === 'KafkaJSConnectionClosedError' && host !== undefined && port !== undefined) {
        cluster.removeBroker({ host, port });
      }
    },
    close: () => cluster.disconnect(),
  };
}

/** Metadata is asked for all topics ever sent to, and refused for all when one is gone: then none is remembered. */
async function refresh(cluster: DriverCluster): Promise<void> {
  try {
    await cluster.refreshMetadata();
  } catch (error) {
    cluster.targetTopics = new Set();
    throw error;
  }
}

function createDriverCluster(kafka: Kafka): DriverCluster {
  const name = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create = name && (kafka as unknown as Record<symbol, unknown>)[name];
  if (typeof create !== 'function') throw new Error('this kafkajs makes its cluster in another way than 2.2.4 did');
  return create({ metadataMaxAge: metadataMaxAgeMs, allowAutoTopicCreation: false }) as DriverCluster;
}

function partitionsOf(cluster: DriverCluster, topic: string): readonly PartitionLeader[] {
  const partitions = cluster.findTopicPartitionMetadata(topic);
  if (partitions.length === 0) throw new TransientError('kafka_unavailable', `no metadata of topic ${topic} yet`);
  return partitions.every(({ partitionId }, at) => partitionId === at)
    ? partitions
    : partitions.toSorted((a, b) => a.partitionId - b.partitionId);
}
