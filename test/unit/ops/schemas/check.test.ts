import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSchemas } from '../../../../ops/schemas/check.ts';
import { fixtureFile } from '../../../../ops/schemas/fixtures.ts';
import { generateSchemas } from '../../../../ops/schemas/generate.ts';
import { recordVersions } from '../../../../ops/schemas/record.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { copySchemas } from '../../../support/schemas-copy.ts';

const event = 'schemas/events/user-changed.v1.avsc';
const history = 'audience.user.changed.v1-value';
let root: string;

beforeEach(() => {
  root = copySchemas();
});
afterEach(() => rmSync(root, { recursive: true }));

function edit(file: string, change: (fields: { name: string; doc?: string }[]) => void): void {
  const schema = JSON.parse(readFileSync(join(root, file), 'utf8'));
  change(schema.fields);
  writeFileSync(join(root, file), JSON.stringify(schema, null, 2));
}

const addChannel = () =>
  edit(event, (fields) =>
    fields.push({ name: 'channel', type: ['null', 'string'], doc: 'Channel.', default: null } as { name: string }),
  );
const rules = () => checkSchemas(root).map(({ file, rule }) => `${file} ${rule}`);

test('this checkout has no findings', () => {
  expect(checkSchemas(checkoutRoot())).toEqual([]);
});

test('generating twice changes nothing the second time', () => {
  addChannel();
  expect(generateSchemas(root)).toEqual(['schemas/generated/user-changed.v1.ts']);
  expect(readFileSync(join(root, 'schemas/generated/user-changed.v1.ts'), 'utf8')).toContain(
    'readonly channel: null | string;',
  );
  expect(generateSchemas(root)).toEqual([]);
});

test('a change is good once it is generated and recorded', () => {
  addChannel();
  expect(rules()).toEqual([`${event} recorded`, 'schemas/generated/user-changed.v1.ts generated']);
  generateSchemas(root);
  expect(recordVersions(root)).toEqual([
    `schemas/history/${history}/2.avsc`,
    fixtureFile(history, 2),
    'schemas/history/lock.json',
  ]);
  expect(rules()).toEqual([]);
  expect(recordVersions(root)).toEqual([]);
});

test('an incompatible change is not recorded', () => {
  edit(event, (fields) => fields.shift());
  expect(() => recordVersions(root)).toThrow(/readers of v1 cannot read it/);
  expect(existsSync(join(root, `schemas/history/${history}/2.avsc`))).toBe(false);
});

describe('a planted problem is found', () => {
  test.each<[string, () => void, string]>([
    [
      'a schema that no topic carries',
      () => cpSync(join(root, event), join(root, 'schemas/events/other.v1.avsc')),
      'schemas/events/other.v1.avsc catalogue',
    ],
    ['a topic without its schema', () => rmSync(join(root, event)), `${event} layout`],
    ['text that is not JSON', () => writeFileSync(join(root, event), '{'), `${event} layout`],
    ['a gap in the history', () => rmSync(join(root, `schemas/history/${history}/1.avsc`)), `${event} recorded`],
    ['missing golden bytes', () => rmSync(join(root, fixtureFile(history, 1))), `${fixtureFile(history, 1)} fixture`],
    [
      'golden bytes that do not decode',
      () => writeFileSync(join(root, fixtureFile(history, 1)), 'zzzzzzzzz'),
      `${fixtureFile(history, 1)} fixture`,
    ],
    [
      'a generated module edited by hand',
      () => writeFileSync(join(root, 'schemas/generated/user-changed.v1.ts'), '//'),
      'schemas/generated/user-changed.v1.ts generated',
    ],
    [
      'a generated module of no schema',
      () => writeFileSync(join(root, 'schemas/generated/gone.v1.ts'), ''),
      'schemas/generated/gone.v1.ts generated',
    ],
  ])('%s', (_, plant, finding) => {
    plant();
    expect(rules()).toContain(finding);
  });
});
