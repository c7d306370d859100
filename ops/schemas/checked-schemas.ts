import type { CatalogueTopic, TopicDef } from '../../schemas/topic.ts';
import { sourceTopics } from '../../schemas/topics.ts';
import { catalogueFindings } from '../topics/catalogue-findings.ts';
import { carriedFindings } from './carried.ts';
import type { Finding } from './finding.ts';
import { lockFindings } from './lock.ts';
import { avroTopicsOf, readSchemas, type SchemaSource } from './schema-files.ts';
import { sourceFindings } from './source-findings.ts';

export interface CheckedSchemas {
  readonly sources: readonly SchemaSource[];
  /** What breaks a rule: in the catalogue, the files, the schemas, their history. */
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly root: string;
  /** The catalogue's topics. */
  readonly topics?: readonly CatalogueTopic[];
  /** Those with Avro values that an installation has; by default the catalogue's with their dead letters. */
  readonly avroTopics?: readonly TopicDef[];
}

/** Reads catalogue, schemas and history, and holds all rules against them that need no generated file. */
export function checkedSchemas({ root, topics = sourceTopics, avroTopics }: CheckOptions): CheckedSchemas {
  const { sources, findings } = readSchemas(root, avroTopics ?? avroTopicsOf(topics));
  const inSources = sources.flatMap(sourceFindings);
  return {
    sources,
    // What was edited by hand goes first: it may be why the rest does not fit.
    findings: [
      ...lockFindings(root, topics),
      ...catalogueFindings(topics),
      ...findings,
      ...inSources,
      ...carriedFindings(sources),
    ],
  };
}
