import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evolveEvent, type NewTopic, newEvent, retireTopic } from '../../../../ops/schemas/change.ts';
import { recordVersions } from '../../../../ops/schemas/record.ts';
import { sourceTopics } from '../../../../schemas/topics.ts';
import { event, read, root, topic, write } from './planting.ts';

const catalogue = 'schemas/topics.ts';
const review: NewTopic = {
  name: 'engagement.review.written',
  doc: 'A shopper has written a review.',
  fields: [],
  key: 'ns|user',
  partitions: 8,
  cleanup: 'delete',
  retentionDays: 30,
  retentionReason: 'A month.',
  producers: ['review-service'],
  consumers: ['reviews'],
};
const reviewFile = 'schemas/events/review-written.v1.avsc';

describe('a new event that would break a rule is refused, and nothing is written', () => {
  test.each<[string, Partial<NewTopic>, RegExp]>([
    ['no producer', { producers: [] }, /names no producers/],
    ['a stage that feeds itself', { consumers: ['review-service'] }, /without end/],
    ['a name that no group can have', { consumers: ["o'brien"] }, /`o'brien` is no name of a stage/],
    ['partitions that do not share the shards', { partitions: 3 }, /3 partitions do not share/],
    ['no reason', { retentionReason: ' ' }, /gives no retentionReason/],
    ['no doc', { doc: '' }, /does not say what it means/],
    ['a field of every object', { fields: [{ text: 'constructor:string!', doc: 'D.' }] }, /every JavaScript object/],
    ['a name of another form', { name: 'reviews' }, /is no name of a topic/],
    [
      'a version without the one before',
      { name: 'engagement.review.written.v3' },
      /there is no engagement.review.written.v2/,
    ],
    ['an entity and verb of another domain', { name: 'shop.user.changed' }, /there already.*another entity or verb/],
  ])('%s', async (_, change, words) => {
    const before = read(catalogue);
    await expect(newEvent(root, { ...review, ...change })).rejects.toThrow(words);
    expect(read(catalogue)).toBe(before);
    expect(existsSync(join(root, reviewFile))).toBe(false);
  });

  test('what a retired topic of its name has recorded, which it would not fit', async () => {
    await newEvent(root, { ...review, fields: [{ text: 'stars:int!', doc: 'Stars.' }] });
    const json = read(reviewFile);
    const gone = 'schemas/history/engagement.review.written.v1-value';
    rmSync(join(root, reviewFile));
    rmSync(join(root, 'schemas/generated/review-written.v1.ts'));
    write(`${gone}/1.avsc`, json);
    await expect(newEvent(root, review)).rejects.toThrow(/stars: forward: readers of v1/);
  });
});

describe('a topic is retired only where there is one, with a reason', () => {
  const retired = { since: '2026-01-31', reason: 'moved' };
  test.each([
    [`${topic}-value`, retired, /there is no topic .*; there are .*audience.user.changed.v1/],
    [`${topic}.catalog-users.dlq`, retired, /dead letters end with the topic/],
    [topic, { ...retired, reason: ' ' }, /say why/],
  ])('%s', async (name, how, words) => {
    const before = read(catalogue);
    await expect(retireTopic(root, name, how)).rejects.toThrow(words);
    expect(read(catalogue)).toBe(before);
  });
});

test("a reason of several lines, with quotes and backslashes, leaves the catalogue's source whole", async () => {
  const reason = `it's "over" \\ now\nfor good`;
  await retireTopic(root, topic, { since: '2026-01-31', reason });
  const [, text] = /reason: ("(?:[^"\\]|\\.)*") \}/.exec(read(catalogue)) ?? [];
  expect(JSON.parse(text ?? '""')).toBe(reason);
});

test('while another schema has conflict markers an event is not changed half', async () => {
  const before = read(event);
  write('schemas/events/item-changed.v1.avsc', `<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n`);
  const evolution = { add: [{ text: 'note:string?', doc: 'Note.' }], rename: [], remove: [], addSymbol: [] };
  await expect(evolveEvent(root, 'user-changed.v1', evolution)).rejects.toThrow(
    /item-changed.v1.avsc: holds conflict markers/,
  );
  expect(read(event)).toBe(before);
});

test('a field that no reader could be made with is not recorded', () => {
  const schema = JSON.parse(read(event));
  schema.fields.push({ name: 'has_own_property', type: ['null', 'string'], doc: 'D.', default: null });
  write(event, JSON.stringify(schema));
  expect(() => recordVersions(root, sourceTopics)).toThrow(/every JavaScript object/);
});
