import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueTopic, type CompatibilityLevel, subjectOf, type TopicDef } from '../../schemas/topic.ts';
import { avroTopics, deadLetterTopic } from '../../schemas/topics.ts';
import { compactText } from './avro-json.ts';
import type { Finding } from './finding.ts';

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
  const shortName = topic.schema.name.slice(topic.schema.name.lastIndexOf('.') + 1);
  return `${kebab(shortName)}.${topic.name.slice(topic.name.lastIndexOf('.') + 1)}`;
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
    const json = readSchema(root, file, findings);
    if (json === undefined) continue;
    const subjects = ofEvent.map(subjectOf);
    const history = event === deadLetters.event ? deadLetters.history : (subjects[0] as string);
    const versions = readVersions(root, history, findings);
    const level = ofEvent[0]?.compatibility?.level ?? 'FULL_TRANSITIVE';
    if (versions !== undefined) sources.push({ file, json, history, subjects, level, topics: ofEvent, versions });
  }
  for (const name of readdirSync(join(root, 'schemas', 'events'))) {
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

function readSchema(root: string, file: string, findings: Finding[]): string | undefined {
  const problem = (consequence: string, remedy: string) => {
    findings.push(ofFile(file, 'layout', consequence, remedy));
    return undefined;
  };
  if (!existsSync(join(root, file))) {
    return problem('a topic of schemas/topics.ts needs this file', 'restore it, or `freshet schemas new` makes one');
  }
  try {
    return compactText(readFileSync(join(root, file), 'utf8'));
  } catch (error) {
    return problem(`is not JSON: ${(error as Error).message}`, 'correct its syntax');
  }
}

function readVersions(root: string, history: string, findings: Finding[]): RecordedVersion[] | undefined {
  const folder = `schemas/history/${history}`;
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const versions: RecordedVersion[] = [];
  for (let number = 1; number <= names.length; number += 1) {
    const file = `${folder}/${number}.avsc`;
    const json = readSchema(root, file, findings);
    if (json === undefined) return undefined;
    versions.push({ number, file, json });
  }
  return versions;
}
