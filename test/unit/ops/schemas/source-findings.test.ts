import { describe, expect, test } from 'vitest';
import { findingLine } from '../../../../ops/schemas/finding.ts';
import type { SchemaSource } from '../../../../ops/schemas/schema-files.ts';
import { sourceFindings } from '../../../../ops/schemas/source-findings.ts';

const text = { name: 'title', type: 'string', doc: 'Title.' };
const schema = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Thing', doc: 'A thing.', fields });
const nullable = (name: string, rest: object = {}) => ({
  name,
  type: ['null', 'string'],
  doc: 'Text.',
  default: null,
  ...rest,
});

/** A working copy and the versions before it. */
function source(json: string, ...versions: string[]): SchemaSource {
  return {
    file: 'schemas/events/thing.v1.avsc',
    json,
    history: 'thing-value',
    subjects: ['thing-value'],
    level: 'FULL_TRANSITIVE',
    topics: [],
    versions: versions.map((version, at) => ({
      number: at + 1,
      file: `schemas/history/thing-value/${at + 1}.avsc`,
      json: version,
    })),
  };
}

const rules = (one: SchemaSource) => sourceFindings(one).map(({ rule, path }) => `${rule} ${path}`);

describe('a working copy', () => {
  test('that is the newest version has no findings', () => {
    expect(sourceFindings(source(schema(text), schema(text)))).toEqual([]);
  });

  test('with a compatible change only needs to be recorded', () => {
    const findings = sourceFindings(source(schema(text, nullable('channel')), schema(text)));
    expect(findings.map(findingLine)).toEqual([
      expect.stringMatching(
        /^schemas\/events\/thing\.v1\.avsc: \(record\): recorded: .*freshet schemas record.*thing-value\/2\.avsc/,
      ),
    ]);
  });

  test('with a new field without default cannot read what is stored', () => {
    const channel = { name: 'channel', type: 'string', doc: 'Channel.' };
    const [finding] = sourceFindings(source(schema(text, channel), schema(text)));
    expect(finding && findingLine(finding)).toBe(
      'schemas/events/thing.v1.avsc: channel: backward: records written as v1 cannot be read: field `channel` has no default and was not written. Give the field a default',
    );
  });

  test('without a field that older readers need cannot be read by them', () => {
    expect(rules(source(schema(), schema(text)))).toEqual(['forward title', 'recorded (record)']);
  });

  test('is compared with every version, not only the newest', () => {
    const first = schema(text);
    const second = schema({ ...text, default: '' });
    const findings = sourceFindings(source(schema(), first, second));
    expect(findings.map(({ rule, consequence }) => [rule, consequence.slice(0, 13)])).toContainEqual([
      'forward',
      'readers of v1',
    ]);
    expect(findings.filter(({ rule }) => rule === 'forward')).toHaveLength(1);
  });

  test('with a rename without alias is told so', () => {
    const renamed = source(schema(text, nullable('heading')), schema(text, nullable('caption')));
    expect(rules(renamed)).toEqual(['alias-on-rename heading', 'recorded (record)']);
    const aliased = source(
      schema(text, nullable('heading', { aliases: ['caption'] })),
      schema(text, nullable('caption')),
    );
    expect(rules(aliased)).toEqual(['recorded (record)']);
  });

  test('that is no Avro schema is one finding and stops there', () => {
    expect(rules(source('{"type":"record","name":"Thing","fields":[{"name":"x","type":"nope"}]}'))).toEqual([
      'avro (record)',
    ]);
  });
});
