import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { AvroField } from '../../../../ops/schemas/avro-json.ts';
import { generateSchemas } from '../../../../ops/schemas/generate.ts';
import { recordVersions } from '../../../../ops/schemas/record.ts';
import type { CatalogueTopic } from '../../../../schemas/topic.ts';
import { sourceTopics, topics } from '../../../../schemas/topics.ts';
import { copySchemas } from '../../../support/schemas-copy.ts';

export const event = 'schemas/events/user-changed.v1.avsc';
export const history = 'audience.user.changed.v1-value';
export const first = `schemas/history/${history}/1.avsc`;
export const topic = topics.userChanged.name;
export let root: string;

beforeEach(() => {
  root = copySchemas();
});
afterEach(() => rmSync(root, { recursive: true }));

export const read = (file: string) => readFileSync(join(root, file), 'utf8');
export const write = (file: string, text: string) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
};

/** What is done wrong, where, and what the line about it says: file, place, and how to mend it. */
export type Mistake = readonly [does: string, plant: Plant, place: readonly [file: string, path: string], says: RegExp];

/** Leaves the catalogue as it is, or answers another one. */
export type Plant = () => unknown;

export const schema =
  (change: (schema: Record<string, unknown> & { fields: AvroField[] }) => void): Plant =>
  () => {
    const text = JSON.parse(read(event));
    change(text);
    write(event, JSON.stringify(text, null, 2));
  };
/** A new field in place of what a good one would be: nullable, with default and doc. */
export const added = (given: object, type: unknown = ['null', 'string']) =>
  schema(({ fields }) => fields.push({ name: 'channel', type, doc: 'Channel.', default: null, ...given } as AvroField));
export const field = (name: string, change: (field: Record<string, unknown>) => void) =>
  schema(({ fields }) => change(fields.find((one) => one.name === name) as unknown as Record<string, unknown>));
export const consent = (change: (type: Record<string, unknown>) => void) =>
  field('consent', ({ type }) => change((type as [string, Record<string, unknown>])[1]));
/** A second version is recorded first, the mistake is made in the third. */
export const after =
  (good: Plant, mistake: Plant): Plant =>
  () => {
    good();
    generateSchemas(root);
    recordVersions(root);
    return mistake();
  };
export const entry =
  (change: Partial<CatalogueTopic>): Plant =>
  () =>
    sourceTopics.map((one) => (one.name === topic ? { ...one, ...change } : one));
export const millis = { type: 'long', logicalType: 'timestamp-millis' };
export const without = (given: string) =>
  schema((text) => (text.fields = text.fields.filter(({ name }) => name !== given)));
