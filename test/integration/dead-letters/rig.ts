import { readTopic } from '../../../ops/topics/read-topic.ts';
import type { RawRecord } from '../../../pipeline/broker/consumer.ts';
import type { Producer } from '../../../pipeline/broker/producer.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { type Redrive, redriveHeader, redriveOf } from '../../../pipeline/kernel/runner/redrive.ts';
import { openDeadLetters } from '../../../pipeline/main/dead-letters.ts';
import type { DeadLetterEntry } from '../../../pipeline/stores/dead-letter.ts';
import { createPostgresDeadLetterIndex } from '../../../pipeline/stores/postgres/dead-letters.ts';
import type { CatalogueTopic } from '../../../schemas/topic.ts';
import type { Servers } from '../runner/servers.ts';

export const by = { operator: 'ann', reason: 'the fix is out' };
export const gently = { maxRedrives: 3, force: false };

export interface Arrived extends RawRecord {
  readonly partition: number;
  readonly redrive: Redrive | undefined;
}

/** A letter of enrichment that failed a minute ago. */
export function letterOf(topic: CatalogueTopic, given: Partial<DeadLetterEntry> = {}): DeadLetterEntry {
  const at = Date.now() - 60_000;
  return {
    stateVersion: 0,
    stage: 'enrichment',
    topic: topic.name,
    partition: 0,
    offset: 0n,
    reason: 'unhandled',
    message: 'boom',
    eventId: null,
    key: Buffer.from('default|u1'),
    value: null,
    headers: [],
    writerSchemaId: null,
    attempt: 2,
    redriveCount: 0,
    firstFailedAt: at,
    lastFailedAt: at,
    appVersion: '1.0.0',
    recordedAt: at - 10,
    ...given,
  };
}

export function openRig(servers: Servers, submit: Parameters<typeof openDeadLetters>[0]['config']) {
  const { database, codec, admin } = servers;
  const index = createPostgresDeadLetterIndex(database);
  const verbs = (producer: Pick<Producer, 'send'> = servers.producer, clock = systemClock) =>
    openDeadLetters({ database, codec, producer, clock, config: submit });
  /** Everything that the topic holds. */
  const read = async (topic: string): Promise<Arrived[]> => {
    const partitions = new Map<RawRecord, number>();
    const arrived: Arrived[] = [];
    const consumers: typeof servers.common.consumers = {
      start: (options) =>
        servers.common.consumers.start({
          ...options,
          onBatch(batch) {
            for (const record of batch.records) partitions.set(record, batch.partition);
            return options.onBatch(batch);
          },
        }),
    };
    await readTopic(
      { admin, consumers },
      {
        topic,
        onRecord(record) {
          const { [redriveHeader]: _, ...headers } = record.headers;
          const partition = partitions.get(record) ?? -1;
          arrived.push({ ...record, headers, partition, redrive: redriveOf(record) });
        },
      },
    );
    return arrived;
  };
  const statuses = async () =>
    Object.fromEntries(
      (
        await database.query<{ status: string; count: number }>({
          text: 'SELECT status, count(*)::int AS count FROM dead_letter GROUP BY status',
        })
      ).map(({ status, count }) => [status, count]),
    );
  const audit = () =>
    database.query<{ operator: string; verb: string; reason: string; details: Record<string, unknown> }>({
      text: 'SELECT operator, verb, reason, details FROM operator_audit ORDER BY id',
    });
  const clear = () => database.query({ text: 'TRUNCATE dead_letter; TRUNCATE operator_audit' });
  return { index, verbs, read, statuses, audit, clear };
}
