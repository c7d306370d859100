import type { TopicDef } from '../../schemas/topic.ts';
import { type AvroFieldType, type AvroType, fieldPath, parseAvroType } from './avro-type.ts';
import type { Finding } from './finding.ts';
import { eventName, type SchemaSource } from './schema-files.ts';

/**
 * Fields that a stage passes on and the topic it writes does not declare: writers refuse undeclared fields, so from its
 * first record on nothing of the stage could be written, though each schema by itself is evolved as it should be.
 */
export function carriedFindings(sources: readonly SchemaSource[]): Finding[] {
  return sources.flatMap((source) =>
    source.topics.flatMap(({ carries }) => {
      const from = sources.find(({ topics }) => topics.some(({ name }) => name === carries));
      return from === undefined ? [] : missingFields(source, from);
    }),
  );
}

function missingFields(source: SchemaSource, from: SchemaSource): Finding[] {
  const [writer, reader] = [types(source.json), types(from.json)];
  if (writer === undefined || reader === undefined) return [];
  return missing(writer, reader, '').map((path) => ({
    file: source.file,
    path,
    rule: 'carried',
    consequence: `${from.file} has it and ${namesOf(source.topics)} passes it on: nothing could be written`,
    remedy: `add it here too (\`freshet schemas evolve ${eventName(source)} --add …\`)`,
  }));
}

const namesOf = (topics: readonly TopicDef[]) => [...new Set(topics.flatMap((topic) => topic.producers))].join(', ');

/** Undefined where the text is too broken, which others tell. */
function types(json: string): AvroType | undefined {
  try {
    return parseAvroType(json);
  } catch {
    return undefined;
  }
}

function missing(writer: AvroType, reader: AvroType, path: string, seen = new Set<AvroType>()): string[] {
  if (seen.has(reader)) return [];
  seen.add(reader);
  return reader.fields.flatMap((field): string[] => {
    const at = fieldPath(path, field.name);
    const declared = writer.fields.find(({ name }) => name === field.name);
    if (declared === undefined) return [at];
    const [inner, outer] = [recordIn(field), recordIn(declared)];
    return inner && outer ? missing(outer, inner, at, seen) : [];
  });
}

/** The record that a field holds, through null, lists and maps. */
function recordIn({ type }: Pick<AvroFieldType, 'type'>): AvroType | undefined {
  if (type.kind === 'record') return type;
  const held = type.items ?? type.branches.find(({ kind }) => kind !== 'null');
  return held && recordIn({ type: held });
}
