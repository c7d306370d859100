import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { CatalogueTopic } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';
import { runTool } from '../stack/run-tool.ts';
import { catalogueFindings } from '../topics/catalogue-findings.ts';
import { compactText } from './avro-json.ts';
import { type TopicEntry, withRetired, withTopic } from './catalogue-text.ts';
import { diffSchemas, type SchemasDiff } from './diff.ts';
import { type Evolution, eventNamed, evolved } from './evolve.ts';
import { type Finding, refuseUnrecordable } from './finding.ts';
import { generateSchemas, staleModules } from './generate.ts';
import { eventNames, type NewEvent, newEventText } from './new-event.ts';
import { readHistory, readSchemas } from './schema-files.ts';
import { sourceFindings } from './source-findings.ts';

const catalogueFile = 'schemas/topics.ts';

/**
 * Changes one event and its types. Throws FreshetError `event_unknown`, `field_invalid`, or `schemas_refused` with what
 * would break a rule; then nothing is written.
 */
export async function evolveEvent(
  root: string,
  event: string,
  evolution: Evolution,
): Promise<{ readonly files: readonly string[]; readonly diff: SchemasDiff }> {
  staleModules(root); // throws while nothing is written, where any schema cannot be read
  const source = eventNamed(event, readSchemas(root).sources);
  const text = evolved(source.json, evolution);
  refuseUnrecordable(sourceFindings({ ...source, json: compactText(text) }));
  writeFileSync(join(root, source.file), text);
  const files = [source.file, ...generateSchemas(root)];
  return { files, diff: await diffSchemas({ root }) };
}

export type NewTopic = Omit<TopicEntry, 'record' | 'module'> & Omit<NewEvent, 'previous'>;

/** Writes schema, types and catalogue entry of a new event; throws `topic_exists` where its file is there already. */
export async function newEvent(root: string, topic: NewTopic): Promise<readonly string[]> {
  const names = eventNames(topic.name);
  const file = `schemas/events/${names.module}.avsc`;
  if (existsSync(join(root, file))) {
    const remedy =
      '`freshet schemas evolve` changes an event, .v2 in the name makes the next version of its topic; ' +
      'an event of another domain needs another entity or verb, of which the file is named';
    throw new FreshetError('topic_exists', `${file} is there already: ${remedy}`);
  }
  staleModules(root); // throws while nothing is written, where any schema cannot be read
  const entry = { ...topic, ...names };
  const text = newEventText({ ...topic, name: names.name, previous: previousText(root, names) });
  refuseUnrecordable([...catalogueFindings([catalogueTopicOf(entry)]), ...textFindings(root, file, text, names)]);
  const catalogue = withTopic(readFileSync(join(root, catalogueFile), 'utf8'), entry);
  writeFileSync(join(root, file), text);
  const files = [file, ...generateSchemas(root)];
  await writeCatalogue(root, catalogue);
  return [...files, catalogueFile];
}

/** The entry as `schemas/topics.ts` will have it. */
const catalogueTopicOf = ({
  retentionDays,
  ...entry
}: TopicEntry): CatalogueTopic & { readonly schema: undefined } => ({
  ...entry,
  retentionMs: entry.cleanup === 'compact' ? -1 : retentionDays * 86_400_000,
  maxMessageBytes: 1_048_576,
  schema: undefined,
});

/** What is wrong with a new event's text, also beside what a topic of this name, retired since, has recorded. */
function textFindings(root: string, file: string, text: string, { name }: { readonly name: string }): Finding[] {
  const history = `${name}-value`;
  const { versions, findings } = readHistory(root, history);
  const source = {
    file,
    json: compactText(text),
    history,
    subjects: [],
    level: 'FULL_TRANSITIVE' as const,
    topics: [],
  };
  return [...findings, ...sourceFindings({ ...source, versions })];
}

/** Of the version of the topic before, from which the next one starts; undefined for the first. */
function previousText(root: string, { name, module }: { readonly name: string; readonly module: string }) {
  const before = (text: string) => text.replace(/\d+$/, (version) => String(Number(version) - 1));
  if (name.endsWith('.v1')) return undefined;
  const file = join(root, 'schemas', 'events', `${before(module)}.avsc`);
  if (existsSync(file)) return compactText(readFileSync(file, 'utf8'));
  const { versions } = readHistory(root, `${before(name)}-value`);
  const newest = versions.at(-1)?.json;
  if (newest !== undefined) return newest;
  throw new FreshetError('topic_invalid', `${name}: there is no ${before(name)} to start from; versions count from v1`);
}

/** Enters into the catalogue that a topic has ended. Throws FreshetError `topic_unknown` or `topic_retired`. */
export async function retireTopic(
  root: string,
  topic: string,
  retired: { readonly since: string; readonly reason: string },
  topics: readonly CatalogueTopic[] = sourceTopics,
): Promise<readonly string[]> {
  if (retired.reason.trim() === '') throw new FreshetError('reason_missing', '--because: say why, in words');
  if (!topics.some(({ name }) => name === topic)) {
    const remedy = topic.endsWith('.dlq') ? '; dead letters end with the topic that they come from' : '';
    const known = topics.map(({ name }) => name).join(', ');
    throw new FreshetError('topic_unknown', `there is no topic ${topic || '(empty)'}${remedy}; there are ${known}`);
  }
  await writeCatalogue(root, withRetired(readFileSync(join(root, catalogueFile), 'utf8'), topic, retired));
  return [catalogueFile];
}

/** Formatted as all sources are. */
async function writeCatalogue(root: string, text: string): Promise<void> {
  writeFileSync(join(root, catalogueFile), text);
  const tool = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  if (!existsSync(tool)) return; // a formatter is no reason to fail: `check` tells
  await runTool({ command: process.execPath, args: [tool, 'check', '--write', catalogueFile], cwd: root });
}
