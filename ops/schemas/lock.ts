import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { compactText } from './avro-json.ts';
import { filesAt } from './files-at.ts';
import type { Finding } from './finding.ts';
import { jsonProblem, type Problem } from './schema-problem.ts';

/** What may never change once it is recorded. */
export interface SchemaLock {
  /** SHA-256 of the compact text of each version, by its path below `schemas/history`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly topics: Readonly<Record<string, LockedTopic>>;
}

export interface LockedTopic {
  readonly key: string;
  readonly partitions: number;
  readonly cleanup: string;
  readonly retired?: true;
}

/** Relative to the checkout. */
export const lockFile = 'schemas/history/lock.json';
const catalogueFile = 'schemas/topics.ts';
const versionFile = /^[^/]+\/\d+\.avsc$/;

/** Empty where nothing was recorded yet, or where `lockProblem` has something to say. */
function readLock(root: string): SchemaLock {
  const path = join(root, lockFile);
  return (existsSync(path) ? lockOf(readFileSync(path, 'utf8')) : undefined) ?? { versions: {}, topics: {} };
}

/** The lock in a text; undefined where it is none. */
export function lockOf(text: string): SchemaLock | undefined {
  if (jsonProblem(text) !== undefined) return undefined;
  const { versions, topics } = (JSON.parse(text) ?? {}) as Partial<SchemaLock>;
  return versions && topics ? { versions, topics } : undefined;
}

function lockProblem(root: string): Finding | undefined {
  const path = join(root, lockFile);
  const finding = (problem: Problem): Finding => ({ file: lockFile, path: '(file)', rule: 'lock', ...problem });
  const restore = 'restore it from git';
  if (!existsSync(path)) {
    const consequence = 'is gone, and nothing tells any more what was recorded';
    return recorded(root).length > 0 ? finding({ consequence, remedy: restore }) : undefined;
  }
  const text = readFileSync(path, 'utf8');
  if (lockOf(text) !== undefined) return undefined;
  return finding(jsonProblem(text) ?? { consequence: 'holds no "versions" and "topics"', remedy: restore });
}

/** Takes up what is new, and that a topic was retired; true where that changed the file. */
export function extendLock(root: string, topics: readonly CatalogueTopic[]): boolean {
  const { versions, topics: locked } = readLock(root);
  const lock: SchemaLock = {
    versions: sorted({ ...Object.fromEntries(recorded(root)), ...versions }),
    topics: sorted({ ...locked, ...Object.fromEntries(topics.map((topic) => [topic.name, lockedTopic(topic)])) }),
  };
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  const path = join(root, lockFile);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  writeFileSync(path, text);
  return true;
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

const lockedTopic = ({ key, partitions, cleanup, retired }: CatalogueTopic): LockedTopic => ({
  key,
  partitions,
  cleanup,
  ...(retired && { retired: true }),
});

/** Path below `schemas/history` and checksum of each version there. */
function recorded(root: string): [string, string][] {
  const folder = join(root, 'schemas', 'history');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => versionFile.test(path))
    .map((path) => [path, checksumOf(readFileSync(join(folder, path), 'utf8'))]);
}

function checksumOf(text: string): string {
  try {
    return createHash('sha256').update(compactText(text)).digest('hex');
  } catch {
    return 'not JSON'; // no locked text has it: it is found to be edited
  }
}

/** Where the checkout is not what was recorded: a version edited, taken away or put in by hand, a topic changed. */
export function lockFindings(root: string, topics: readonly CatalogueTopic[]): Finding[] {
  const problem = lockProblem(root);
  if (problem !== undefined) return [problem];
  const lock = readLock(root);
  return [...versionFindings(root, lock), ...topicFindings(topics, lock)];
}

/** Where the lock itself was changed since a commit, whatever the files beside it are now. Rejects with `ref_unknown`. */
export async function lockEdits(root: string, ref: string): Promise<Finding[]> {
  const text = await (await filesAt(root, ref)).read(lockFile);
  if (text === undefined) return [];
  const [then, now] = [lockOf(text), readLock(root)];
  if (then === undefined)
    throw new FreshetError('lock_unread', `${lockFile} at ${ref} cannot be read: name another commit`);
  if (lockProblem(root) !== undefined) return []; // `lockFindings` tells
  const finding = (path: string): Finding => {
    const consequence = `was recorded otherwise at ${ref}: what production has registered cannot be recorded anew`;
    const remedy = `\`freshet schemas record --onto ${ref}\` takes what is recorded from there and makes your change the version after`;
    return { file: lockFile, path, rule: 'lock', consequence, remedy };
  };
  const versions = Object.entries(then.versions).filter(([path, checksum]) => now.versions[path] !== checksum);
  const topics = Object.entries(then.topics).filter(([name, { key, partitions, cleanup }]) => {
    const locked = now.topics[name];
    return locked?.key !== key || locked.partitions !== partitions || keepsState(locked) !== keepsState({ cleanup });
  });
  return [...versions, ...topics].map(([path]) => finding(path));
}

function versionFindings(root: string, { versions }: SchemaLock): Finding[] {
  const present = new Map(recorded(root));
  const finding = (path: string, consequence: string, remedy: string): Finding => {
    return { file: `schemas/history/${path}`, path: '(file)', rule: 'history', consequence, remedy };
  };
  const restore = 'restore it from git; a change is made in schemas/events and becomes the next version';
  const changed = Object.entries(versions).flatMap(([path, checksum]) => {
    const now = present.get(path);
    if (now === undefined) return [finding(path, 'was recorded and is gone: what it wrote could not be read', restore)];
    return now === checksum ? [] : [finding(path, 'was edited: what it wrote would be read wrongly', restore)];
  });
  const added = [...present.keys()].filter((path) => versions[path] === undefined);
  const remedy = 'take it away and run `freshet schemas record`, which checks a version before it is one';
  return [...changed, ...added.map((path) => finding(path, 'was not recorded by the tool', remedy))];
}

function topicFindings(topics: readonly CatalogueTopic[], lock: SchemaLock): Finding[] {
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const known = Object.entries(lock.topics).flatMap(([name, was]) => {
    const topic = byName.get(name);
    return topic === undefined ? goneFindings(name, was) : changeFindings(topic, was);
  });
  const fresh = topics.filter(({ name }) => lock.topics[name] === undefined);
  return [
    ...known,
    ...fresh.map(({ name }) => {
      const remedy = 'run `freshet schemas record` and commit schemas/history/lock.json';
      return catalogueFinding(name, 'recorded', 'is new and nothing holds it to its partitions yet', remedy);
    }),
  ];
}

const catalogueFinding = (path: string, rule: string, consequence: string, remedy: string): Finding => {
  return { file: catalogueFile, path, rule, consequence, remedy };
};

function goneFindings(name: string, { retired }: LockedTopic): Finding[] {
  if (retired) return [];
  const consequence = 'is gone from the catalogue, though stored records and whoever reads them are not';
  return [catalogueFinding(name, 'topic-gone', consequence, `restore it; \`freshet schemas retire ${name}\` ends it`)];
}

function changeFindings(topic: CatalogueTopic, was: LockedTopic): Finding[] {
  const next = `add the next version of the topic (${nextVersion(topic.name)}) beside it`;
  const changed = (member: 'key' | 'partitions' | 'cleanup', consequence: string, remedy: string) =>
    topic[member] === was[member]
      ? []
      : [
          catalogueFinding(
            `${topic.name}.${member}`,
            'topic-changed',
            `was ${was[member]}, is ${topic[member]}: ${consequence}`,
            `put ${was[member]} back; ${remedy}`,
          ),
        ];
  return [
    ...changed('partitions', 'keys would move and lose their order', next),
    ...changed('key', 'records of one key would lie in two partitions', next),
    ...(keepsState(topic) === keepsState(was) ? [] : changed('cleanup', 'what is kept would be another thing', next)),
  ];
}

/** Whether the newest record of a key is kept; for how long besides may change. */
const keepsState = ({ cleanup }: Pick<LockedTopic, 'cleanup'>): boolean => cleanup.startsWith('compact');

const nextVersion = (name: string): string =>
  name.replace(/\.v(\d+)$/, (_, version: string) => `.v${Number(version) + 1}`);
