import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import { fixtureBodies, fixtureFile } from './fixtures.ts';
import { staleModules } from './generate.ts';
import { type Finding, readSchemas, type SchemaSource } from './schema-files.ts';
import { sourceFindings } from './source-findings.ts';

/** Everything the rules find in a checkout, offline; nothing where all is well. */
export function checkSchemas(root: string): Finding[] {
  const { sources, findings } = readSchemas(root);
  const inSources = sources.flatMap(sourceFindings);
  const broken = [...findings, ...inSources].some(({ rule }) => rule === 'layout' || rule === 'avro');
  const made = broken ? [] : [...staleFindings(root), ...sources.flatMap((source) => fixtureFindings(root, source))];
  return [...findings, ...inSources, ...made];
}

function staleFindings(root: string): Finding[] {
  return staleModules(root).map(({ path, text }) => {
    const consequence =
      text === undefined ? 'no schema stands behind it' : 'types and schema differ: run `freshet schemas generate`';
    return { file: relative(root, path), path: '(file)', rule: 'generated', consequence };
  });
}

/** Bytes of every version ever recorded, read with today's schema. */
function fixtureFindings(root: string, { json, history, versions }: SchemaSource): Finding[] {
  const schema = avroSchema<unknown>(json);
  return versions.flatMap((version) => {
    const file = fixtureFile(history, version.number);
    const finding = (consequence: string): Finding[] => [{ file, path: '(file)', rule: 'fixture', consequence }];
    if (!existsSync(join(root, file)))
      return finding(`bytes of v${version.number} are missing, so nothing proves that they stay readable`);
    try {
      const read = schema.readerFor(version.json);
      for (const body of fixtureBodies(readFileSync(join(root, file)))) read(body, 0);
      return [];
    } catch (error) {
      return finding(`bytes of v${version.number} cannot be read with today's schema: ${messageOf(error, 200)}`);
    }
  });
}
