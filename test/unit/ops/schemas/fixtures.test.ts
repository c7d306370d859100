import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeFixture, fixtureBodies, fixtureFile } from '../../../../ops/schemas/fixtures.ts';
import { sampleKinds, sampleOf } from '../../../../ops/schemas/samples.ts';
import { readSchemas } from '../../../../ops/schemas/schema-files.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { avroSchema } from '../../../../schemas/generated/avro.ts';

const { sources, findings } = readSchemas(checkoutRoot());

test('there are sources and all can be read', () => {
  expect(findings).toEqual([]);
  expect(sources.length).toBeGreaterThan(0);
});

test('a version whose samples are large has golden bytes too', () => {
  const digest = { type: 'fixed', name: 'Digest', size: 100_000 };
  const json = JSON.stringify({ type: 'record', name: 'Thing', fields: [{ name: 'digest', type: digest }] });
  expect(fixtureBodies(encodeFixture(json)).map(({ length }) => length)).toEqual(sampleKinds.map(() => 100_000));
});

describe.each(sources)('$history', ({ json, history, versions }) => {
  const today = avroSchema<unknown>(json);

  test.each(versions)("golden bytes of v$number decode with today's reader", (version) => {
    const bytes = readFileSync(join(checkoutRoot(), fixtureFile(history, version.number)));
    const read = today.readerFor(version.json);
    const values = fixtureBodies(bytes).map((body) => read(body, 0));
    expect(values).toHaveLength(sampleKinds.length);
    if (version.json === json) expect(values).toEqual(sampleKinds.map((kind) => sampleOf(json, kind)));
  });

  test.each(versions)('golden bytes of v$number are what its schema encodes', (version) => {
    const bytes = readFileSync(join(checkoutRoot(), fixtureFile(history, version.number)));
    expect(encodeFixture(version.json).equals(bytes)).toBe(true);
  });

  test.each(versions)("today's bytes decode with the reader of v$number", (version) => {
    const read = avroSchema<unknown>(version.json).readerFor(json);
    for (const body of fixtureBodies(encodeFixture(json))) expect(read(body, 0)).toBeDefined();
  });
});
