import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { camel } from '../../schemas/generated/avro-names.ts';
import { type AvroJson, isUnion, objectOf } from './avro-json.ts';
import { shortName } from './avro-type.ts';
import { jsonProblem, schemaProblem } from './schema-problem.ts';

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
const comment = (doc: string | undefined) => `/** ${(doc ?? '').replaceAll('*/', '*\\/')} */`;

/** TypeScript of a schema; named types are collected into `declared`, dependencies first. */
function typeOf(schema: AvroJson, declared: Map<string, string>): string {
  if (isUnion(schema)) return schema.map((branch) => typeOf(branch, declared)).join(' | ');
  const type = objectOf(schema);
  const name = shortName(type.name ?? '');
  switch (type.type) {
    case 'array': {
      const items = typeOf(type.items ?? 'null', declared);
      return `readonly ${items.includes('|') ? `(${items})` : items}[]`;
    }
    case 'map':
      return `Readonly<Record<string, ${typeOf(type.values ?? 'null', declared)}>>`;
    case 'fixed':
      return 'Buffer';
    case 'enum': {
      const symbols = (type.symbols ?? []).map((symbol) => `'${symbol}'`).join(' | ');
      declared.set(name, `${comment(type.doc)}\nexport type ${name} = ${symbols};\n`);
      return name;
    }
    case 'record': {
      const lines = (type.fields ?? []).map(
        (field) => `  ${comment(field.doc)}\n  readonly ${camel(field.name)}: ${typeOf(field.type, declared)};`,
      );
      declared.set(name, `${comment(type.doc)}\nexport interface ${name} {\n${lines.join('\n')}\n}\n`);
      return name;
    }
    default:
      return primitives[String(type.type)] ?? shortName(String(type.type));
  }
}

/** The generated module of one schema text. Throws FreshetError `schema_unread` where it is none. */
export function generateModule(file: string, json: string): string {
  const problem = jsonProblem(json) ?? schemaProblem(json);
  if (problem !== undefined) {
    const { consequence, remedy } = problem;
    throw new FreshetError('schema_unread', `schemas/events/${file}: ${consequence}; nothing was written: ${remedy}`);
  }
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

export interface GeneratedFile {
  readonly path: string;
  /** Undefined where no schema stands behind the file that is there. */
  readonly text: string | undefined;
}

/**
 * Every generated module whose file is not as it should be; the same sources always give the same text. Throws
 * FreshetError `schema_unread`.
 */
export function staleModules(root: string): GeneratedFile[] {
  const sources = join(root, 'schemas', 'events');
  const target = join(root, 'schemas', 'generated');
  const wanted = new Map<string, string | undefined>();
  for (const file of readdirSync(target)) if (/\.v\d+\.ts$/.test(file)) wanted.set(file, undefined);
  for (const file of eventFiles(root)) {
    wanted.set(`${basename(file, '.avsc')}.ts`, generateModule(file, readFileSync(join(sources, file), 'utf8')));
  }
  const there = new Set(readdirSync(target));
  return [...wanted]
    .filter(([file, text]) => !there.has(file) || readFileSync(join(target, file), 'utf8') !== text)
    .map(([file, text]) => ({ path: join(target, file), text }));
}

function eventFiles(root: string): string[] {
  const folder = join(root, 'schemas', 'events');
  if (existsSync(folder))
    return readdirSync(folder)
      .filter((name) => name.endsWith('.avsc'))
      .sort();
  throw new FreshetError('schema_unread', 'schemas/events is not there: restore it from git');
}

/** Brings `schemas/generated/<event>.ts` in line with `schemas/events/<event>.avsc`; returns the paths that it changed. */
export function generateSchemas(root: string): string[] {
  return staleModules(root).map(({ path, text }) => {
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    return relative(root, path);
  });
}
