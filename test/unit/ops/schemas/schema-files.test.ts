import { expect, test } from 'vitest';
import { readSchemas } from '../../../../ops/schemas/schema-files.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { installedTopics } from '../../../../pipeline/main/installed-topics.ts';

const sourcesOf = (text: { name: string; format: 'avro' | 'json' }[]) =>
  readSchemas(checkoutRoot(), installedTopics(text).avro);

test('a topic that the configuration names is a subject with the versions of the catalogue topic it is like', () => {
  const { sources, findings } = sourcesOf([{ name: 'Orders', format: 'avro' }]);
  expect(findings).toEqual([]);
  const submitted = sources.find(({ subjects }) => subjects.includes('Orders-value'));
  const like = 'engagement.interaction.submitted.v1-value';
  expect(submitted).toMatchObject({ history: like, subjects: [like, 'Orders-value'] });
  const letters = sources.find(({ history }) => history === 'dlq-value');
  expect(letters?.subjects).toContain('Orders.intake.dlq-value');
});

test('a topic of JSON has no subject but that of its dead letters', () => {
  const subjects = sourcesOf([{ name: 'clicks', format: 'json' }]).sources.flatMap((source) => source.subjects);
  expect(subjects.filter((subject) => subject.startsWith('clicks'))).toEqual(['clicks.intake.dlq-value']);
});
