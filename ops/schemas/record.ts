import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';
import { checkedSchemas } from './checked-schemas.ts';
import { filesAt } from './files-at.ts';
import { refuseUnrecordable } from './finding.ts';
import { encodeFixture, fixtureFile } from './fixtures.ts';
import { extendLock, lockFile } from './lock.ts';
import type { SchemaSource } from './schema-files.ts';

/**
 * Makes each changed working copy the next version: history, golden fixture and lock are written, to be reviewed and
 * committed. Every registry then gets the same versions in the same order, so `apply` needs no checkout to write to.
 * A draft that was recorded too early is undone by git, as long as it was never applied anywhere.
 */
export function recordVersions(root: string, topics: readonly CatalogueTopic[] = sourceTopics): string[] {
  const { sources, findings } = checkedSchemas({ root, topics });
  refuseUnrecordable(findings);
  // Made before the first is written: what cannot be encoded leaves nothing half.
  const files = sources.filter(({ json, versions }) => versions.at(-1)?.json !== json).flatMap(nextVersion);
  for (const [file, content] of files) write(join(root, file), content);
  const written = files.map(([file]) => file);
  return extendLock(root, topics) ? [...written, lockFile] : written;
}

/** Path and content of a version's text and golden bytes. */
function nextVersion({ json, history, versions }: SchemaSource): [file: string, content: string | Buffer][] {
  const number = versions.length + 1;
  return [
    [`schemas/history/${history}/${number}.avsc`, `${JSON.stringify(JSON.parse(json), null, 2)}\n`],
    [fixtureFile(history, number), encodeFixture(json)],
  ];
}

/**
 * Takes history, golden bytes and lock as they are at a commit, so that what this branch changed becomes the version
 * after: for two branches that recorded the same number. What only this branch had recorded is a draft until it is
 * merged, and its text is still in `schemas/events`. Rejects with `ref_unknown` or `restore_failed`.
 */
export async function takeRecorded(root: string, ref: string): Promise<void> {
  const files = await filesAt(root, ref);
  await files.restore(['schemas/history', 'test/fixtures/records']);
}

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
