import type { ConsumerOptions, RunningConsumer, TopicPartition } from '../consumer.ts';
import type { PartitionLog } from './log.ts';
import { PartitionReader } from './reader.ts';

/** What a group needs of the broker. */
export interface Logs {
  partitionsOf(topic: string): readonly (TopicPartition & { readonly log: PartitionLog })[];
  isAvailable(): boolean;
  readonly fetchRecords: number;
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Members that share partitions; every join and leave assigns all of them anew. */
export class Group {
  readonly #logs: Logs;
  readonly #members: Member[] = [];
  readonly committed = new Map<string, bigint>();

  constructor(logs: Logs) {
    this.#logs = logs;
  }

  get size(): number {
    return this.#members.length;
  }

  join(options: ConsumerOptions): RunningConsumer {
    const member = new Member(this, this.#logs, options);
    this.#members.push(member);
    this.rebalance();
    return member;
  }

  leave(member: Member): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    this.rebalance();
  }

  rebalance(): void {
    const assignments = this.#members.map((): TopicPartition[] => []);
    const topics = [...new Set(this.#members.flatMap(({ topics }) => topics))];
    for (const { topic, partition } of topics.flatMap((topic) => this.#logs.partitionsOf(topic))) {
      const able = this.#members.flatMap((member, at) => (member.topics.includes(topic) ? [at] : []));
      const chosen = able[partition % able.length];
      if (chosen !== undefined) assignments[chosen]?.push({ topic, partition });
    }
    for (const [at, member] of this.#members.entries()) member.assign(assignments[at] ?? []);
  }
}

class Member implements RunningConsumer {
  readonly #group: Group;
  readonly #logs: Logs;
  readonly #options: ConsumerOptions;
  readonly #readers = new Map<string, PartitionReader>();
  #generation = 0;
  #assigning: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(group: Group, logs: Logs, options: ConsumerOptions) {
    this.#group = group;
    this.#logs = logs;
    this.#options = options;
  }

  get topics(): readonly string[] {
    return this.#options.topics;
  }

  /** Holds every partition at once; they are released when `onAssigned` is through. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#generation += 1;
    const generation = this.#generation;
    for (const reader of this.#readers.values()) reader.revoke();
    for (const partition of partitions) this.#readerOf(partition)?.hold(this.#initial(partition));
    this.#assigning = this.#assigning.then(async () => {
      if (generation !== this.#generation) return;
      try {
        await this.#options.onAssigned(partitions);
      } catch (error) {
        if (generation === this.#generation) this.#options.onFatal(error);
        return;
      }
      if (generation === this.#generation) for (const partition of partitions) this.#readerOf(partition)?.release();
    });
  }

  seek(partition: TopicPartition, offset: bigint): void {
    this.#readerOf(partition)?.seek(offset);
  }

  pause(partition: TopicPartition): void {
    this.#readerOf(partition)?.setPaused(true);
  }

  resume(partition: TopicPartition): void {
    this.#readerOf(partition)?.setPaused(false);
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#generation += 1;
      await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
      this.#group.leave(this);
    })();
    return this.#stopped;
  }

  #initial(partition: TopicPartition): bigint {
    const committed = this.#group.committed.get(keyOf(partition));
    const log = this.#logOf(partition);
    return committed ?? (this.#options.autoOffsetReset === 'earliest' ? log?.low : log?.high) ?? 0n;
  }

  #logOf({ topic, partition }: TopicPartition): PartitionLog | undefined {
    return this.#logs.partitionsOf(topic).find((each) => each.partition === partition)?.log;
  }

  #readerOf({ topic, partition }: TopicPartition): PartitionReader | undefined {
    const key = keyOf({ topic, partition });
    const known = this.#readers.get(key);
    const log = this.#logOf({ topic, partition });
    if (known !== undefined || log === undefined) return known;
    const reader = new PartitionReader({
      partition: { topic, partition },
      log,
      fetchRecords: this.#logs.fetchRecords,
      fromBeginning: this.#options.autoOffsetReset === 'earliest',
      isAvailable: this.#logs.isAvailable,
      onBatch: (batch) => this.#options.onBatch(batch),
      onCommitted: (next) => this.#group.committed.set(key, next),
      onFatal: (error) => this.#options.onFatal(error),
    });
    this.#readers.set(key, reader);
    return reader;
  }
}
