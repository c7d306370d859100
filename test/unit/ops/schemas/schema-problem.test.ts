import { expect, test } from 'vitest';
import { generateModule } from '../../../../ops/schemas/generate.ts';
import { jsonProblem, schemaProblem } from '../../../../ops/schemas/schema-problem.ts';

test.each<[string, string, RegExp]>([
  ['a byte order mark', '\uFEFF{}', /byte order mark.*without one/],
  ['conflict markers', '{\n<<<<<<< HEAD\n}', /conflict markers.*record --onto/],
  ['nothing', '', /is not JSON.*correct its syntax/],
  ['a key twice, as after a merge of two fields', '{"a": [{"name": "b", "name": "c"}]}', /"name" twice/],
])('%s is no JSON to work with', (...[, text, words]) => {
  const { consequence, remedy } = jsonProblem(text) ?? {};
  expect(`${consequence} ${remedy}`).toMatch(words);
});

test('a key in two objects, in an inner one, or as text is no key twice', () => {
  const text = '{"a": {"a": "\\"a\\": {"}, "b": [{"a": 1}, {"a": "a"}], "c": "b"}';
  expect(jsonProblem(text)).toBeUndefined();
});

const record = (fields: unknown, rest: object = {}) =>
  JSON.stringify({ type: 'record', name: 'Thing', fields, ...rest });

test.each<[string, string, RegExp]>([
  ['null', 'null', /null is no type/],
  ['text alone', '"string"', /is of type string: a topic carries records/],
  ['no fields', record(undefined), /fields/],
  ['fields that are no list', record({}), /"fields" of Thing is no list/],
  ['a field that is null', record([null]), /"fields" of Thing is no list of fields/],
  ['a field without type', record([{ name: 'a' }]), /nothing is no type/],
  ['a doc that is a number', record([{ name: 'a', type: 'int', doc: 5 }]), /"doc" of Thing.a is no text/],
  ['aliases that are text', record([{ name: 'a', type: 'int', aliases: 'b' }]), /"aliases" of Thing.a is no list/],
  [
    'an error type',
    record([{ name: 'a', type: { type: 'error', name: 'E', fields: [] } }]),
    /type error is not defined/,
  ],
  ['a type used before it is defined', record([{ name: 'a', type: 'Line' }]), /define the type where it is used first/],
])('%s is no schema, and nothing is generated from it', (...[, text, words]) => {
  const { consequence, remedy } = schemaProblem(text) ?? {};
  expect(`${consequence}; ${remedy}`).toMatch(words);
  expect(() => generateModule('thing.v1.avsc', text)).toThrow('schemas/events/thing.v1.avsc: ');
});
