import { expect, test } from 'vitest';
import { aclCommands } from '../../../../ops/topics/acls.ts';
import { allTopics } from '../../../../schemas/topics.ts';

const of = (who: string) =>
  aclCommands(allTopics, 'shop.')
    .filter((one) => one.who === who)
    .map(({ command }) => command.replace(/^.*--allow-principal User:\S+ /, ''));

test('a stage that produces by itself may read its source, write its target and its dead letters, and no more', () => {
  const recorded = 'shop.engagement.interaction.recorded.v1';
  expect(of('enrichment').sort()).toEqual([
    '--operation Read --group shop.freshet.enrichment --resource-pattern-type prefixed',
    `--operation Read --operation Describe --topic ${recorded}`,
    '--operation Write --operation Describe --topic shop.engagement.interaction.enriched.v1',
    `--operation Write --operation Describe --topic ${recorded}.enrichment.dlq`,
  ]);
});

test('what goes by an outbox is written by the relay alone', () => {
  expect(of('aggregation').filter((line) => line.includes('Write'))).toEqual([]);
  expect(of('ingest')).toEqual([]);
  expect(of('relay')).toContain(
    '--operation Write --operation Describe --topic shop.recommendation.profile.updated.v1',
  );
  expect(of('relay').filter((line) => line.includes('Read'))).toEqual([]);
});
