import { describe, expect, test } from 'vitest';
import { findingLine } from '../../../../ops/schemas/finding.ts';
import { catalogueFindings } from '../../../../ops/topics/catalogue-findings.ts';
import { topologyDiagram } from '../../../../ops/topics/diagram.ts';
import type { CatalogueTopic, TopicDef } from '../../../../schemas/topic.ts';
import { allTopics, deadLetterTopics, jsonTopics, sourceTopics, topics } from '../../../../schemas/topics.ts';

const linesOf = (topics: readonly TopicDef[] | readonly CatalogueTopic[]) => catalogueFindings(topics).map(findingLine);

test('the catalogue has no problems', () => {
  expect(catalogueFindings(allTopics)).toEqual([]);
});

describe('a planted problem is found', () => {
  const good = topics.interactionRecorded as TopicDef;
  test.each<[string, Partial<TopicDef>, RegExp]>([
    ['a partition count between the allowed ones', { partitions: 12 }, /partitions: .*12 partitions/],
    ['no partitions', { partitions: 0 }, /partitions: .*0 partitions/],
    ['a name without version', { name: 'engagement.interaction.recorded' }, /name: .*does not say/],
    ['a name in upper case', { name: 'Engagement.interaction.recorded.v1' }, /name: .*does not say/],
    ['no reason for the retention', { retentionReason: ' ' }, /retentionReason: .*no retentionReason/],
    ['a delete topic kept for ever', { retentionMs: -1 }, /retentionMs: .*keeps -1 ms/],
    ['a compacted topic with an age', { cleanup: 'compact' }, /retentionMs: .*keeps \d+ ms/],
    ['nobody who writes', { producers: [] }, /producers: .*names no producers/],
    ['a tiny batch limit', { maxMessageBytes: 10 }, /maxMessageBytes: .*10 bytes/],
    ['a stage that feeds itself', { consumers: ['ingest'] }, /consumers: .*ingest would consume what it writes/],
    ['a level without reason', { compatibility: { level: 'BACKWARD', reason: '' } }, /compatibility: .*no reason/],
    ['a writer though it has ended', { retired: { since: '2026-01-31', reason: 'x' } }, /producers: .*still write/],
  ])('%s', (_, change, message) => {
    expect(linesOf([{ ...good, ...change }])).toEqual([expect.stringMatching(message)]);
  });

  test('a JSON topic with a name in upper case', () => {
    const problem = expect.stringMatching(/call it words in lower case/i);
    expect(linesOf([{ ...jsonTopics.engagementEvents, name: 'Engagement-Events' }])).toEqual([problem]);
  });

  test('a topic that is there twice', () => {
    expect(linesOf([good, good])).toEqual([expect.stringContaining('twice')]);
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
