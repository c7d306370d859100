import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { encodeFetch, type FetchedRecord, type FetchPartition, readFetched } from './fetch-protocol.ts';

/** Undefined at `read` once the reader was closed. */
type Answer = Buffer | undefined;

/** A connection to one broker with one request on its way at a time. */
class BrokerSocket {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #closed = false;

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.resolve(undefined));
  }

  ask(request: Buffer): Promise<Answer> {
    if (this.#closed) return Promise.resolve(undefined);
    this.#waiting = Promise.withResolvers<Answer>();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < 4) return;
    if ((this.#chunks[0] as Buffer).length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
    const length = (this.#chunks[0] as Buffer).readInt32BE(0);
    if (this.#bytes < 4 + length) return;
    const answer = Buffer.concat(this.#chunks).subarray(4, 4 + length);
    this.#chunks = [];
    this.#bytes = 0;
    this.#waiting?.resolve(answer);
  }
}

interface Leader {
  readonly host: string;
  readonly port: number;
  readonly partitions: readonly number[];
}

async function leadersOf(brokers: string, topic: string): Promise<Leader[]> {
  const kafka = new Kafka({
    clientId: 'freshet-bench-reader',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [metadata, cluster] = await Promise.all([
      admin.fetchTopicMetadata({ topics: [topic] }),
      admin.describeCluster(),
    ]);
    const partitions = metadata.topics[0]?.partitions ?? [];
    return cluster.brokers.map(({ nodeId, host, port }) => ({
      host,
      port,
      partitions: partitions.filter(({ leader }) => leader === nodeId).map(({ partitionId }) => partitionId),
    }));
  } finally {
    await admin.disconnect();
  }
}

const refusedPauseMs = 20;
/** In a row: ten seconds. */
const mostRefusals = 500;

export interface TopicReader {
  /** Reads on until `close`, or where `endOffsets` are given until all are reached. */
  run(take: (record: FetchedRecord) => void, endOffsets?: ReadonlyMap<number, number>): Promise<void>;
  close(): void;
}

/**
 * Reads a topic from its beginning, committed records only, without a group. It decodes some two million records a
 * second, for what it costs is the same for every system, but still takes the processor from them.
 */
export async function openTopicReader(brokers: string, topic: string, maxWaitMs = 500): Promise<TopicReader> {
  const leaders = (await leadersOf(brokers, topic)).filter(({ partitions }) => partitions.length > 0);
  const sockets = leaders.map(({ host, port }) => new BrokerSocket(host, port));
  let closed = false;

  const follow = async (at: number, take: (record: FetchedRecord) => void, ends?: ReadonlyMap<number, number>) => {
    let next: FetchPartition[] = (leaders[at] as Leader).partitions.map((partition) => ({ partition, offset: 0 }));
    const rest = () =>
      next.filter(({ partition, offset }) => ends === undefined || offset < (ends.get(partition) ?? 0));
    let refusals = 0;
    for (let correlation = 1; rest().length > 0; correlation += 1) {
      const answer = await (sockets[at] as BrokerSocket).ask(
        encodeFetch({ topic, partitions: rest(), correlation, maxWaitMs }),
      );
      if (answer === undefined) {
        if (closed) return;
        throw new FreshetError('bench_failed', 'the broker closed the connection of the reader');
      }
      const { next: moved, refused } = readFetched(answer, rest(), take);
      next = next.map((one) => moved.find(({ partition }) => partition === one.partition) ?? one);
      refusals = refused === 0 ? 0 : refusals + 1;
      if (refusals > mostRefusals) throw new FreshetError('bench_failed', `${topic} has partitions without a leader`);
      if (refused > 0) await delay(refusedPauseMs);
    }
  };

  return {
    async run(take, endOffsets) {
      await Promise.all(leaders.map((_, at) => follow(at, take, endOffsets)));
    },
    close() {
      closed = true;
      for (const socket of sockets) socket.close();
    },
  };
}
