import { profileKey } from '../../pipeline/domain/keys.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { unpackList } from '../../pipeline/domain/packed-list.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { topics } from '../../schemas/topics.ts';
import type { LogRecord } from '../topics/fetch.ts';
import type { ListFacts, RecordFacts } from './facts.ts';
import type { TraceServers } from './servers.ts';
import { searchFor } from './topic-station.ts';

export interface Received {
  readonly eventId: string;
  readonly receivedAt: number;
}

export interface ListQuestion extends Received {
  readonly version: number;
  readonly namespace: string;
  readonly userId: string;
}

/** As lists and profiles order what they reflect. */
function compare(a: Received, b: Received): number {
  return a.receivedAt - b.receivedAt || (a.eventId < b.eventId ? -1 : a.eventId === b.eventId ? 0 : 1);
}

/** The user's stored list, and how what it reflects stands to the event; undefined where there is no list. */
export async function findList(
  { readRedis }: Pick<TraceServers, 'readRedis'>,
  { version, namespace, userId, ...event }: ListQuestion,
): Promise<ListFacts | undefined> {
  const bytes = await readRedis(redisKeys.list(version, namespace, userId));
  if (bytes === null) return undefined;
  const { computedAt, reflects } = unpackList(bytes);
  if (reflects === undefined) return { computedAt, reflects, relation: 'none' };
  const order = compare(reflects, event);
  return { computedAt, reflects, relation: order === 0 ? 'this event' : order > 0 ? 'a later one' : 'an earlier one' };
}

/** The first record of the user's profile that reflects the event, from when the event was recorded on. */
export async function findProfileRecord(
  { search, codec }: Pick<TraceServers, 'search' | 'codec'>,
  { version, namespace, userId, ...event }: ListQuestion,
  { since, deadlineMs }: { readonly since: number; readonly deadlineMs: number },
): Promise<RecordFacts | undefined> {
  const key = profileKey(version, namespace, userId);
  const reader = codec.reader(topics.profileUpdated);
  const isMatch = async (record: LogRecord) => {
    if (record.value === null || record.key === null || !record.key.equals(key)) return false;
    const result = await reader.read(record.value);
    return result.ok && compare(result.value.lastEvent, event) >= 0;
  };
  const partition = partitionOf(key, topics.profileUpdated.partitions);
  const how = { since, deadlineMs, partition, needle: key, order: 'oldest', isMatch } as const;
  return (await searchFor(search, topics.profileUpdated.name, how)).records[0];
}
