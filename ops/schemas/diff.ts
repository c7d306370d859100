import { basename } from 'node:path';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';
import { compactText } from './avro-json.ts';
import { type DeployOrder, deployOrder } from './deploy-order.ts';
import { type FilesAt, filesAt } from './files-at.ts';
import type { Finding } from './finding.ts';
import { lockFile, lockOf } from './lock.ts';
import { type SchemaChange, schemaChanges } from './schema-changes.ts';
import { avroTopicsOf, readSchemas, type SchemaSource } from './schema-files.ts';
import { jsonProblem } from './schema-problem.ts';

/** What became of one event's schema. */
export interface EventDiff {
  readonly file: string;
  readonly kind: 'new' | 'changed' | 'gone';
  /** The newest version recorded under `schemas/history`, 0 where there is none. */
  readonly version: number;
  readonly changes: readonly SchemaChange[];
  /** Undefined for an event that is gone. */
  readonly deploy: DeployOrder | undefined;
}

export interface SchemasDiff {
  /** What it is compared with, in words. */
  readonly against: string;
  readonly events: readonly EventDiff[];
  /** One line a topic that came, went or was retired; only against a commit. */
  readonly topics: readonly string[];
  /** Files that cannot be read, and so were not compared. */
  readonly unread: readonly Finding[];
}

export interface DiffOptions {
  readonly root: string;
  /** Commit, branch or tag; each event's newest recorded version where it is left out. */
  readonly against?: string;
  readonly topics?: readonly CatalogueTopic[];
}

/**
 * What changed in plain words, and who is deployed first. Rejects with `ref_unknown`.
 */
export async function diffSchemas({ root, against, topics = sourceTopics }: DiffOptions): Promise<SchemasDiff> {
  const { sources, findings } = readSchemas(root, avroTopicsOf(topics));
  const unread = findings.filter(({ rule }) => rule === 'layout');
  if (against === undefined) {
    const events = sources.flatMap((source) => eventDiff(source, source.versions.at(-1)?.json));
    return { against: 'the newest recorded versions', events, topics: [], unread };
  }
  const files = await filesAt(root, against);
  const events: EventDiff[] = [];
  for (const source of sources) {
    const text = await files.read(source.file);
    events.push(...eventDiff(source, text === undefined || jsonProblem(text) ? undefined : compactText(text)));
  }
  const present = new Set([...sources, ...unread].map(({ file }) => basename(file)));
  const before = (await files.list('schemas/events')).filter((path) => path.endsWith('.avsc'));
  for (const file of before.filter((path) => !present.has(basename(path)))) {
    events.push({ file, kind: 'gone', version: 0, changes: [], deploy: undefined });
  }
  return { against, events, topics: await topicLines(files, topics), unread };
}

function eventDiff({ file, json, topics, versions }: SchemaSource, previous: string | undefined): EventDiff[] {
  const version = versions.length;
  if (previous === json) return [];
  if (previous !== undefined) {
    const deploy = deployOrder(json, previous, topics);
    return [{ file, kind: 'changed', version, changes: schemaChanges(json, previous), deploy }];
  }
  const consumers = [...new Set(topics.flatMap((topic) => topic.consumers))].join(', ') || 'none';
  const steps = [
    '`freshet schemas apply` and `freshet topics apply`',
    `consumers: ${consumers}; records that came before them would wait in the topic, within its retention`,
    'producers',
  ];
  return [{ file, kind: 'new', version, changes: [], deploy: { order: 'consumers_first', steps } }];
}

async function topicLines(files: FilesAt, topics: readonly CatalogueTopic[]): Promise<string[]> {
  const before = lockOf((await files.read(lockFile)) ?? '')?.topics;
  if (before === undefined) return [];
  const come = topics.filter(({ name }) => before[name] === undefined);
  const retired = topics.filter(({ name, retired: now }) => now && before[name] && !before[name].retired);
  const gone = Object.entries(before).filter(([name]) => !topics.some((topic) => topic.name === name));
  return [
    ...come.map(({ name, partitions, key }) => `${name}: new, ${partitions} partitions, key ${key}`),
    ...retired.map(({ name, retired: now }) => `${name}: retired since ${now?.since}: ${now?.reason}`),
    ...gone.map(([name]) => `${name}: gone from the catalogue`),
  ];
}
