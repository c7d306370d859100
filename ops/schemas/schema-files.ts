import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueTopic, type CompatibilityLevel, subjectOf, type TopicDef } from '../../schemas/topic.ts';
import { avroTopics, deadLetterTopic } from '../../schemas/topics.ts';
import { compactText } from './avro-json.ts';
import { shortName } from './avro-type.ts';
import type { Finding } from './finding.ts';
import { jsonProblem, type Problem } from './schema-problem.ts';

export interface RecordedVersion {
  readonly number: number;
  readonly file: string;
  /** Compact text, as it is registered. */
  readonly json: string;
}

/** One source file, the subjects its schema is registered under, and every version those ever had. */
export interface SchemaSource {
  readonly file: string;
  /** Compact text of the working copy. */
  readonly json: string;
  /** Folder below `schemas/history`. */
  readonly history: string;
  readonly subjects: readonly string[];
  readonly level: CompatibilityLevel;
  /** The topics that carry it. */
  readonly topics: readonly TopicDef[];
  /** In order, numbered from 1. */
  readonly versions: readonly RecordedVersion[];
}

/** Name of an event, as its file has it: `user-changed.v1`. */
export const eventName = ({ file }: Pick<SchemaSource, 'file'>): string =>
  file.replace(/^schemas\/events\/|\.avsc$/g, '');

export interface SchemaFiles {
  readonly sources: readonly SchemaSource[];
  /** What is wrong with the files as files; a source with such a finding is left out. */
  readonly findings: readonly Finding[];
}

/** All dead letters share one schema, so its versions are kept once and registered under each of their subjects. */
const deadLetters = { history: 'dlq-value', event: 'dead-letter.v1' };

const kebab = (name: string) =>
  name.replace(/[A-Z]/g, (letter, at: number) => `${at > 0 ? '-' : ''}${letter.toLowerCase()}`);

/**
 * `schemas/events/<this>.avsc` of a topic: its record's name and the topic's major version; of a topic that the
 * catalogue does not name, those of the one it takes its schema from.
 */
function eventOf(given: TopicDef): string {
  if (given.name.endsWith('.dlq')) return deadLetters.event;
  const topic = given.isForeign ? modelOf(given) : given;
  return `${kebab(shortName(topic.schema.name))}.${topic.name.slice(topic.name.lastIndexOf('.') + 1)}`;
}

const modelOf = (foreign: TopicDef): TopicDef => avroTopics.find(({ schema }) => schema === foreign.schema) ?? foreign;

const ofFile = (file: string, rule: string, consequence: string, remedy: string): Finding => {
  return { file, path: '(file)', rule, consequence, remedy };
};

/** Those of a catalogue whose values are Avro, with the dead-letter topics of all. */
export function avroTopicsOf(topics: readonly CatalogueTopic[]): TopicDef[] {
  const letters = topics.flatMap((topic) => topic.consumers.map((stage) => deadLetterTopic(topic, stage)));
  return [...topics.filter((topic) => 'schema' in topic), ...letters] as TopicDef[];
}

/** Reads the working copies and their histories from a checkout, by the topics of the catalogue. */
export function readSchemas(root: string, topics: readonly TopicDef[] = avroTopics): SchemaFiles {
  const findings: Finding[] = [];
  const sources: SchemaSource[] = [];
  const events = Map.groupBy(topics, eventOf);
  for (const [event, ofEvent] of events) {
    const file = `schemas/events/${event}.avsc`;
    const json = readSchema(root, file, { findings, whenGone: eventGone });
    if (json === undefined) continue;
    const subjects = ofEvent.map(subjectOf);
    const history = event === deadLetters.event ? deadLetters.history : (subjects[0] as string);
    const versions = readVersions(root, history, findings);
    const level = ofEvent[0]?.compatibility?.level ?? 'FULL_TRANSITIVE';
    if (versions !== undefined) sources.push({ file, json, history, subjects, level, topics: ofEvent, versions });
  }
  for (const name of namesIn(join(root, 'schemas', 'events'))) {
    const file = `schemas/events/${name}`;
    if (!name.endsWith('.avsc'))
      findings.push(ofFile(file, 'layout', 'is no record schema', 'call it <event>.v<n>.avsc, or take it away'));
    else if (!events.has(name.slice(0, -'.avsc'.length))) {
      const consequence = 'no topic of schemas/topics.ts carries it, so it is never registered';
      findings.push(ofFile(file, 'catalogue', consequence, 'add its topic, or delete the file'));
    }
  }
  return { sources, findings };
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

const eventGone: Problem = {
  consequence: 'a topic of schemas/topics.ts needs this file',
  remedy: 'restore it from git; of a topic that is new, take its entry out and let `freshet schemas new` make both',
};
const versionGone: Problem = {
  consequence: 'a version between others is gone: their numbers count from 1',
  remedy: 'restore it from git',
};

interface ReadOptions {
  readonly findings: Finding[];
  readonly whenGone: Problem;
}

/** Compact text of a file; a finding where there is none. */
function readSchema(root: string, file: string, { findings, whenGone }: ReadOptions): string | undefined {
  const isThere = statSync(join(root, file), { throwIfNoEntry: false })?.isFile() === true;
  const text = isThere ? readFileSync(join(root, file), 'utf8') : undefined;
  const problem = text === undefined ? whenGone : jsonProblem(text);
  if (text !== undefined && problem === undefined) return compactText(text);
  const { consequence, remedy } = problem as Problem;
  findings.push(ofFile(file, 'layout', consequence, remedy));
  return undefined;
}

/** Every version recorded in a folder of `schemas/history`, of a topic that the catalogue has or not. */
export function readHistory(
  root: string,
  history: string,
): Pick<SchemaSource, 'versions'> & Pick<SchemaFiles, 'findings'> {
  const findings: Finding[] = [];
  return { versions: readVersions(root, history, findings) ?? [], findings };
}

function readVersions(root: string, history: string, findings: Finding[]): RecordedVersion[] | undefined {
  const folder = `schemas/history/${history}`;
  const numbers = namesIn(join(root, folder)).flatMap((name) => {
    const [, number] = /^([1-9]\d*)\.avsc$/.exec(name) ?? [];
    if (number !== undefined) return [Number(number)];
    findings.push(ofFile(`${folder}/${name}`, 'layout', 'is no version of a schema', 'take it away'));
    return [];
  });
  const versions: RecordedVersion[] = [];
  for (let number = 1; number <= Math.max(0, ...numbers); number += 1) {
    const file = `${folder}/${number}.avsc`;
    const json = readSchema(root, file, { findings, whenGone: versionGone });
    if (json === undefined) return undefined;
    versions.push({ number, file, json });
  }
  return versions;
}
