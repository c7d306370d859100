import { describe, expect, test } from 'vitest';
import { catalogueProblems } from '../../../../ops/topics/catalogue-problems.ts';
import { topologyDiagram } from '../../../../ops/topics/diagram.ts';
import type { TopicDef } from '../../../../schemas/topic.ts';
import { allTopics, deadLetterTopics, jsonTopics, sourceTopics, topics } from '../../../../schemas/topics.ts';

test('the catalogue has no problems', () => {
  expect(catalogueProblems(allTopics)).toEqual([]);
});

describe('a planted problem is found', () => {
  const good = topics.interactionRecorded as TopicDef;
  test.each<[string, Partial<TopicDef>, RegExp]>([
    ['a partition count between the allowed ones', { partitions: 12 }, /12 partitions/],
    ['no partitions', { partitions: 0 }, /0 partitions/],
    ['a name without version', { name: 'engagement.interaction.recorded' }, /is not named/],
    ['a name in upper case', { name: 'Engagement.interaction.recorded.v1' }, /is not named/],
    ['no reason for the retention', { retentionReason: ' ' }, /no retentionReason/],
    ['a delete topic kept for ever', { retentionMs: -1 }, /keeps -1 ms/],
    ['a compacted topic with an age', { cleanup: 'compact' }, /keeps \d+ ms/],
    ['nobody who writes', { producers: [] }, /names no producers/],
    ['a tiny batch limit', { maxMessageBytes: 10 }, /10 bytes/],
  ])('%s', (_, change, message) => {
    expect(catalogueProblems([{ ...good, ...change }])).toEqual([expect.stringMatching(message)]);
  });

  test('a JSON topic with a name in upper case', () => {
    const problem = expect.stringMatching(/is not named/);
    expect(catalogueProblems([{ ...jsonTopics.engagementEvents, name: 'Engagement-Events' }])).toEqual([problem]);
  });

  test('a topic that is there twice', () => {
    expect(catalogueProblems([good, good])).toEqual([expect.stringContaining('twice')]);
  });
});

test('each stage that consumes has a dead-letter topic like its source, and dlq-index none', () => {
  expect(deadLetterTopics.map(({ name }) => name)).toContain('engagement.interaction.recorded.v1.enrichment.dlq');
  expect(deadLetterTopics).toHaveLength(sourceTopics.flatMap(({ consumers }) => [...consumers]).length);
  for (const letter of deadLetterTopics) {
    const source = sourceTopics.find(({ name }) => letter.name.startsWith(`${name}.`));
    expect(letter.partitions).toBe(source?.partitions);
    expect(letter.maxMessageBytes).toBe((source?.maxMessageBytes ?? 0) + 65_536);
    expect(letter.consumers).toEqual(['dlq-index']);
  }
});

test('the diagram shows every topic, who writes it and who reads it', () => {
  const diagram = topologyDiagram();
  for (const { name, producers, consumers } of sourceTopics) {
    expect(diagram).toContain(`"${name}<br/>`);
    const id = name.replaceAll(/[.-]/g, '_');
    for (const producer of producers)
      expect(diagram).toMatch(new RegExp(`${producer.replaceAll('-', '_')} -- ".*" --> ${id}\n`));
    for (const consumer of consumers) expect(diagram).toContain(`${id} --> ${consumer.replaceAll('-', '_')}\n`);
  }
});
