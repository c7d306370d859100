import type { Producer, ProducerRecord, TopicRecords } from '../../broker/producer.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import { settleAll } from '../../kernel/settle-all.ts';
import type { PageRow } from '../../stores/relay.ts';
import type { ShardState } from './shard-state.ts';

/**
 * On a compacted topic a late page of a relay that lost its lease would win for good. A producer with a
 * transactional id cuts its predecessor off at the broker, when it is opened.
 */
export interface FencedProducers {
  isFenced(topic: string): boolean;
  open(outboxId: string, shard: number): Promise<Producer>;
}

export interface Part {
  readonly state: ShardState;
  readonly rows: readonly PageRow[];
}

export interface Sender {
  /** Resolves when all is acknowledged; after an error any part may have been published. */
  send(parts: readonly Part[]): Promise<void>;
  /** Closes what was opened for a shard that is no longer held. */
  release(state: ShardState): Promise<void>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly producer: Producer;
  readonly fenced?: FencedProducers;
  readonly outboxId: string;
  readonly log: Logger;
}

/** A page is one plain request plus, where compacted topics are in it, one transaction of its shard. */
export function createSender({ producer, fenced, outboxId, log }: SenderOptions): Sender {
  const opened = new Map<ShardState, Promise<Producer>>();

  const discard = async (state: ShardState) => {
    const open = opened.get(state);
    opened.delete(state);
    try {
      await (await open)?.close();
    } catch (error) {
      log.debug({ shard: state.shard, error: messageOf(error) }, 'discarded producer was broken already');
    }
  };

  /** After any error the next attempt starts with a new producer, which aborts what this one left open. */
  const sendFenced = async (state: ShardState, records: readonly TopicRecords[], from: FencedProducers) => {
    let open = opened.get(state);
    if (!open) {
      open = from.open(outboxId, state.shard);
      opened.set(state, open);
    }
    try {
      await (await open).send(records);
    } catch (error) {
      await discard(state);
      throw error;
    }
  };

  return {
    async send(parts) {
      if (!fenced) return producer.send(byTopic(parts.flatMap(({ rows }) => rows)));
      const plain = byTopic(parts.flatMap(({ rows }) => rows.filter(({ topic }) => !fenced.isFenced(topic))));
      const sends = plain.length > 0 ? [producer.send(plain)] : [];
      for (const { state, rows } of parts) {
        const compacted = rows.filter(({ topic }) => fenced.isFenced(topic));
        if (compacted.length > 0) sends.push(sendFenced(state, byTopic(compacted), fenced));
      }
      await settleAll(sends);
    },
    release: discard,
    async close() {
      await Promise.all([...opened.keys()].map(discard));
    },
  };
}

/** Rows grouped by topic, order kept within each. */
export function byTopic(rows: readonly PageRow[]): TopicRecords[] {
  const topics = new Map<string, ProducerRecord[]>();
  for (const { topic, key, payload } of rows) {
    const records = topics.get(topic);
    if (records) records.push({ key, value: payload });
    else topics.set(topic, [{ key, value: payload }]);
  }
  return [...topics].map(([topic, records]) => ({ topic, records }));
}
