import type { CatalogueTopic } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';

/** Stages and doors, whatever a catalogue calls them. */
const node = (name: string) => name.replace(/[^a-zA-Z0-9]/g, '_');

function topicNode({ name, partitions, cleanup, retentionMs }: CatalogueTopic): string {
  const kept =
    cleanup === 'compact'
      ? 'compacted'
      : `${cleanup === 'delete' ? '' : 'compacted, '}${retentionMs / 86_400_000} days`;
  const split = partitions === 1 ? '1 partition' : `${partitions} partitions`;
  return `  ${node(name)}[("${name}<br/>${split}, ${kept}")]`;
}

/** Mermaid of the topology, made from the catalogue: who writes and who reads each topic, keys on the arrows. */
export function topologyDiagram(topics: readonly CatalogueTopic[] = sourceTopics): string {
  const stages = [...new Set(topics.flatMap(({ producers, consumers }) => [...producers, ...consumers]))];
  const lines = ['flowchart LR', ...stages.map((stage) => `  ${node(stage)}(["${stage}"])`), ...topics.map(topicNode)];
  for (const topic of topics) {
    for (const producer of topic.producers) lines.push(`  ${node(producer)} -- "${topic.key}" --> ${node(topic.name)}`);
    for (const consumer of topic.consumers) lines.push(`  ${node(topic.name)} --> ${node(consumer)}`);
  }
  const consumers = [...new Set(topics.flatMap(({ consumers: names }) => names))];
  lines.push('  dlq[("&lt;topic&gt;.&lt;stage&gt;.dlq")]', '  dlq_index(["dlq-index"])');
  for (const consumer of consumers) lines.push(`  ${node(consumer)} -.-> dlq`);
  return [...lines, '  dlq --> dlq_index', ''].join('\n');
}
