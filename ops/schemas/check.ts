import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FreshetError, messageOf } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';
import { checkedSchemas } from './checked-schemas.ts';
import type { Finding } from './finding.ts';
import { encodeFixture, fixtureBodies, fixtureFile } from './fixtures.ts';
import { staleModules } from './generate.ts';
import type { SchemaSource } from './schema-files.ts';

/** Everything the rules find in a checkout, offline; nothing where all is well. */
export function checkSchemas(root: string, topics: readonly CatalogueTopic[] = sourceTopics): Finding[] {
  const { sources, findings } = checkedSchemas({ root, topics });
  const broken = findings.some(({ rule }) => rule === 'layout' || rule === 'avro');
  const made = broken ? [] : [...staleFindings(root), ...sources.flatMap((source) => fixtureFindings(root, source))];
  return [...findings, ...made];
}

function staleFindings(root: string): Finding[] {
  return stale(root).map(({ path, text }) => {
    const consequence = text === undefined ? 'no schema stands behind it' : 'is not what the schema makes of it';
    const remedy = 'run `freshet schemas generate`; never edit it';
    return { file: relative(root, path), path: '(file)', rule: 'generated', consequence, remedy };
  });
}

function stale(root: string): ReturnType<typeof staleModules> {
  try {
    return staleModules(root);
  } catch (error) {
    if (error instanceof FreshetError && error.code === 'schema_unread') return []; // of no topic: `readSchemas` tells
    throw error;
  }
}

/** Bytes of every version ever recorded, read with today's schema. */
function fixtureFindings(root: string, { json, history, versions }: SchemaSource): Finding[] {
  const schema = avroSchema<unknown>(json);
  return versions.flatMap((version) => {
    const file = fixtureFile(history, version.number);
    const restore = 'restore it from git';
    const finding = (consequence: string, remedy = restore): Finding[] => {
      return [{ file, path: '(file)', rule: 'fixture', consequence, remedy }];
    };
    if (!existsSync(join(root, file)))
      return finding(`bytes of v${version.number} are missing, so nothing proves that they stay readable`);
    const bytes = readFileSync(join(root, file));
    if (!encodeFixture(version.json).equals(bytes)) {
      return finding(`is not what v${version.number} writes`, `${restore}, and schemas/history with it`);
    }
    try {
      const read = schema.readerFor(version.json);
      for (const body of fixtureBodies(bytes)) read(body, 0);
      return [];
    } catch (error) {
      const consequence = `bytes of v${version.number} cannot be read with today's schema: ${messageOf(error, 200)}`;
      return finding(consequence, 'make the change compatible; the other findings of this schema say how');
    }
  });
}
