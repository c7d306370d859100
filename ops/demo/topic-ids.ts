import type { Codec } from '../../pipeline/broker/codec.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { TopicDef } from '../../schemas/topic.ts';
import { readTopic, type TopicReaderPorts } from '../topics/read-topic.ts';

export interface TopicPorts extends TopicReaderPorts {
  readonly codec: Codec;
}

/** How often each event id stands in a topic, read from its first offset to the end it has now. */
export async function topicIds(
  topic: TopicDef<{ readonly eventId: string }>,
  { codec, ...ports }: TopicPorts,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const reader = codec.reader(topic);
  await readTopic(ports, {
    topic: topic.name,
    async onRecord({ offset, value }) {
      if (value === null) return;
      const result = await reader.read(value);
      if (!result.ok) throw new FreshetError('topic_unreadable', `${topic.name} at ${offset}: ${result.message}`);
      counts.set(result.value.eventId, (counts.get(result.value.eventId) ?? 0) + 1);
    },
  });
  return counts;
}
