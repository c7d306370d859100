import type { TopicSpec } from '../../pipeline/broker/admin.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';

const day = 86_400_000;

/**
 * A compacted log is compacted up to its active segment, so that is closed daily: a consumer that starts afresh
 * then reads little more than one record a key. Tombstones stay a week for consumers that are behind, and what
 * one erases is gone from the log within another.
 */
const compaction: Readonly<Record<string, string>> = {
  'min.cleanable.dirty.ratio': '0.3',
  'segment.ms': String(day),
  'delete.retention.ms': String(7 * day),
  'max.compaction.lag.ms': String(7 * day),
};

/** What the cluster must hold of a catalogue topic; everything else is the cluster's own default. */
export function topicSpec(topic: CatalogueTopic): TopicSpec {
  const config = {
    'cleanup.policy': topic.cleanup,
    'retention.ms': String(topic.retentionMs),
    'max.message.bytes': String(topic.maxMessageBytes),
    ...(topic.cleanup === 'delete' ? {} : compaction),
  };
  return { name: topic.name, partitions: topic.partitions, config };
}
