import { readTopic } from '../../ops/topics/read-topic.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import type { TopicDef } from '../../schemas/topic.ts';

/** What a compacted topic holds of a version of state, newest record a key, as it is now. */
export async function newestRecords<V>(resources: Resources, topic: TopicDef<V>, version: number): Promise<V[]> {
  const values = new Map<string, V>();
  const reader = resources.codec.reader(topic);
  await readTopic(resources, {
    topic: topic.name,
    async onRecord({ key, value }) {
      if (!String(key).startsWith(`${version}|`)) return;
      if (value === null) return void values.delete(String(key));
      const read = await reader.read(value);
      if (read.ok) values.set(String(key), read.value);
    },
  });
  return [...values.values()];
}
