import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Cleanup } from '../../schemas/topic.ts';

/** A topic as it is entered into `schemas/topics.ts`. */
export interface TopicEntry {
  /** `<domain>.<entity>.<past-tense verb>.v<n>`. */
  readonly name: string;
  /** Record type, such as ReviewWritten. */
  readonly record: string;
  /** Of its generated module, without `.ts`. */
  readonly module: string;
  readonly key: string;
  readonly partitions: number;
  readonly cleanup: Cleanup;
  readonly retentionDays: number;
  readonly retentionReason: string;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
}

const entriesOf = 'export const topics = {';
const endOfEntries = '\n} as const;';

const unexpected = (what: string): never => {
  const remedy = 'the command edits that file by its layout: make the change by hand, as the entries around it are';
  throw new FreshetError('catalogue_unread', `schemas/topics.ts: ${what} was not found; ${remedy}`);
};

/** Member of the catalogue: reviewWritten, or reviewWrittenV2 for a later version of a topic. */
export function memberOf({ record, name }: Pick<TopicEntry, 'record' | 'name'>): string {
  return `${record.charAt(0).toLowerCase()}${record.slice(1)}${versionSuffix(name)}`;
}

const versionSuffix = (name: string) =>
  name.endsWith('.v1') ? '' : (name.slice(name.lastIndexOf('.') + 1) as string).toUpperCase();

const quoted = (text: string) => (/['\\\p{Cc}]/u.test(text) ? JSON.stringify(text) : `'${text}'`);
const list = (names: readonly string[]) => `[${names.map(quoted).join(', ')}]`;

/** The catalogue's source with one more topic, at the end of its entries; the formatter brings imports into order. */
export function withTopic(source: string, entry: TopicEntry): string {
  const { name, record, module, key, partitions, cleanup, retentionDays, retentionReason, producers, consumers } =
    entry;
  const suffix = versionSuffix(name);
  const schema = `${record.charAt(0).toLowerCase()}${record.slice(1)}Schema`;
  const [type, value] = [`${record}${suffix}`, suffix === '' ? schema : `${schema}${suffix}`];
  const as = (original: string, local: string) => (original === local ? original : `${original} as ${local}`);
  const line = `import { type ${as(record, type)}, ${as(schema, value)} } from './generated/${module}.ts';\n`;
  const text = `
  ${memberOf(entry)}: {
    name: ${quoted(name)},
    schema: ${value},
    key: ${quoted(key)},
    partitions: ${partitions},
    cleanup: ${quoted(cleanup)},
    retentionMs: ${cleanup === 'compact' ? '-1' : `${retentionDays} * day`},
    retentionReason: ${quoted(retentionReason)},
    producers: ${list(producers)},
    consumers: ${list(consumers)},
    maxMessageBytes: mebibyte,
  } satisfies TopicDef<${type}>,`;
  const from = source.indexOf(entriesOf);
  const end = source.indexOf(endOfEntries, from);
  const imports = source.indexOf('import type { CatalogueTopic');
  if (from < 0 || end < 0) return unexpected(`\`${entriesOf}\``);
  if (imports < 0) return unexpected('the import of CatalogueTopic');
  return source.slice(0, imports) + line + source.slice(imports, end) + text + source.slice(end);
}

/** The catalogue's source with a topic retired: nobody writes it, and why is said. */
export function withRetired(
  source: string,
  name: string,
  retired: { readonly since: string; readonly reason: string },
): string {
  const start = source.indexOf(`name: ${quoted(name)},`);
  if (start < 0) return unexpected(`the entry of ${name}`);
  const end = source.indexOf('\n  }', start);
  const entry = source.slice(start, end);
  if (entry.includes('\n    retired:')) throw new FreshetError('topic_retired', `${name} is retired already`);
  const edited = entry.replace(/producers: \[[^\]]*\],/, 'producers: [],');
  if (!/producers: \[\],/.test(edited)) return unexpected(`\`producers\` of ${name}`);
  const { since, reason } = retired;
  const text = `\n    retired: { since: ${quoted(since)}, reason: ${quoted(reason)} },`;
  return source.slice(0, start) + edited + text + source.slice(end);
}
