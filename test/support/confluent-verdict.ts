import avro from 'avsc';

/** As Confluent lists them. */
export const levels: readonly string[] = [
  'NONE',
  'BACKWARD',
  'FORWARD',
  'FULL',
  'BACKWARD_TRANSITIVE',
  'FORWARD_TRANSITIVE',
  'FULL_TRANSITIVE',
];

interface OldSchema {
  readonly version: number;
  readonly schema: string;
}

/** The text without white space; throws where it is no Avro schema, with those it refers to. */
export function parseSchema(text: string, referredTo: readonly string[]): string {
  const registry = {};
  for (const other of referredTo) avro.Type.forSchema(JSON.parse(other), { registry });
  const json: unknown = JSON.parse(text);
  avro.Type.forSchema(json as avro.Schema, { registry });
  return JSON.stringify(json);
}

/** What Confluent's verbose verdict says of a text, by the newest version that it does not fit; nothing where it is compatible. */
export function compatibilityMessages(level: string, schema: string, olds: readonly OldSchema[]): string[] {
  const compared = level.endsWith('_TRANSITIVE') ? olds.toReversed() : olds.slice(-1);
  const kind = level.replace('_TRANSITIVE', '');
  for (const old of compared) {
    const backward = kind === 'BACKWARD' || kind === 'FULL' ? cannotRead(schema, old.schema) : undefined;
    const forward = kind === 'FORWARD' || kind === 'FULL' ? cannotRead(old.schema, schema) : undefined;
    const problem = backward ?? forward;
    if (problem === undefined) continue;
    return [
      problem,
      `{oldSchemaVersion: ${old.version}}`,
      `{oldSchema: '${old.schema}'}`,
      `{validateFields: 'false', compatibility: '${level}'}`,
    ];
  }
  return [];
}

function cannotRead(reader: string, writer: string): string | undefined {
  try {
    avro.Type.forSchema(JSON.parse(reader)).createResolver(avro.Type.forSchema(JSON.parse(writer)));
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    const type = /default|no matching field/.test(message) ? 'READER_FIELD_MISSING_DEFAULT_VALUE' : 'TYPE_MISMATCH';
    return `{errorType:'${type}', description:'${message}', additionalInfo:''}`;
  }
}
