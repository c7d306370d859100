import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { runTool } from '../stack/run-tool.ts';
import { compactText } from './avro-json.ts';
import { type TopicEntry, withRetired, withTopic } from './catalogue-text.ts';
import { diffSchemas, type SchemasDiff } from './diff.ts';
import { type Evolution, eventNamed, evolved } from './evolve.ts';
import { findingLine } from './finding.ts';
import { generateSchemas, staleModules } from './generate.ts';
import { eventNames, type NewEvent, newEventText } from './new-event.ts';
import { readSchemas } from './schema-files.ts';
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
  refuseWhatIsWrong(sourceFindings({ ...source, json: compactText(text) }));
  writeFileSync(join(root, source.file), text);
  const files = [source.file, ...generateSchemas(root)];
  return { files, diff: await diffSchemas({ root }) };
}

function refuseWhatIsWrong(findings: ReturnType<typeof sourceFindings>): void {
  const refused = findings.filter(({ rule }) => rule !== 'recorded');
  if (refused.length > 0) throw new FreshetError('schemas_refused', refused.map(findingLine).join('\n'));
}

export type NewTopic = Omit<TopicEntry, 'record' | 'module'> & Omit<NewEvent, 'previous'>;

/** Writes schema, types and catalogue entry of a new event; throws `topic_exists` where its file is there already. */
export async function newEvent(root: string, topic: NewTopic): Promise<readonly string[]> {
  const names = eventNames(topic.name);
  const file = `schemas/events/${names.module}.avsc`;
  if (existsSync(join(root, file))) {
    const remedy = '`freshet schemas evolve` changes an event; for the next version of a topic name it with .v2';
    throw new FreshetError('topic_exists', `${file} is there already: ${remedy}`);
  }
  const text = newEventText({ ...topic, name: names.name, previous: previousText(root, names.module) });
  const source = {
    file,
    json: compactText(text),
    history: `${names.name}-value`,
    subjects: [],
    level: 'FULL' as const,
  };
  refuseWhatIsWrong(sourceFindings({ ...source, topics: [], versions: [] }));
  const catalogue = withTopic(readFileSync(join(root, catalogueFile), 'utf8'), { ...topic, ...names });
  writeFileSync(join(root, file), text);
  const files = [file, ...generateSchemas(root)];
  await writeCatalogue(root, catalogue);
  return [...files, catalogueFile];
}

/** Of the version of the topic before, where there is one. */
function previousText(root: string, module: string): string | undefined {
  const [, name, version] = /^(.*)\.v(\d+)$/.exec(module) ?? [];
  const file = join(root, 'schemas', 'events', `${name}.v${Number(version) - 1}.avsc`);
  return existsSync(file) ? compactText(readFileSync(file, 'utf8')) : undefined;
}

/** Enters into the catalogue that a topic has ended. */
export async function retireTopic(
  root: string,
  topic: string,
  retired: { readonly since: string; readonly reason: string },
): Promise<readonly string[]> {
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
