import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

type Schema = string | Schema[] | { type: string; [name: string]: unknown };
interface Field {
  name: string;
  type: Schema;
  doc?: string;
}

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const primitives: Record<string, string> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
  bytes: 'Buffer',
};
const shortName = (name: string) => name.slice(name.lastIndexOf('.') + 1);

/** TypeScript of a schema; named types are collected into `declared`, dependencies first. */
function typeOf(schema: Schema, declared: Map<string, string>): string {
  if (typeof schema === 'string') return primitives[schema] ?? shortName(schema);
  if (Array.isArray(schema)) return schema.map((branch) => typeOf(branch, declared)).join(' | ');
  if (schema.type === 'array') {
    const items = typeOf(schema.items as Schema, declared);
    return `readonly ${items.includes('|') ? `(${items})` : items}[]`;
  }
  if (schema.type === 'map') return `Readonly<Record<string, ${typeOf(schema.values as Schema, declared)}>>`;
  if (schema.type === 'enum') {
    const symbols = (schema.symbols as string[]).map((symbol) => `'${symbol}'`).join(' | ');
    declared.set(schema.name as string, `/** ${schema.doc} */\nexport type ${schema.name} = ${symbols};\n`);
    return schema.name as string;
  }
  if (schema.type === 'record') {
    const lines = (schema.fields as Field[]).map(
      (field) => `  /** ${field.doc} */\n  readonly ${camel(field.name)}: ${typeOf(field.type, declared)};`,
    );
    const name = schema.name as string;
    declared.set(name, `/** ${schema.doc} */\nexport interface ${name} {\n${lines.join('\n')}\n}\n`);
    return name;
  }
  return typeOf(schema.type as Schema, declared);
}

/** The generated module of one schema text. */
export function generateModule(file: string, json: string): string {
  const declared = new Map<string, string>();
  const name = typeOf(JSON.parse(json), declared);
  const constant = name.charAt(0).toLowerCase() + name.slice(1);
  return [
    `// Generated from schemas/events/${file} by \`freshet schemas generate\`; do not edit.`,
    `import { avroSchema } from './avro.ts';\n`,
    ...declared.values(),
    `/** Reader and writer of ${name}. */`,
    `export const ${constant}Schema = avroSchema<${name}>(\n  ${JSON.stringify(JSON.stringify(JSON.parse(json)))},\n);\n`,
  ].join('\n');
}

/** Writes `schemas/generated/<event>.ts` for every `schemas/events/<event>.avsc`; returns the file names. */
export function generateSchemas(root: string): string[] {
  const source = join(root, 'schemas', 'events');
  const files = readdirSync(source).filter((file) => file.endsWith('.avsc'));
  return files.map((file) => {
    const target = join(root, 'schemas', 'generated', `${basename(file, '.avsc')}.ts`);
    writeFileSync(target, generateModule(file, readFileSync(join(source, file), 'utf8')));
    return target;
  });
}
