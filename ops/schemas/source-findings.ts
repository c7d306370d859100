import { messageOf } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import { incompatibilities } from './compatibility.ts';
import { lintSchema } from './lints.ts';
import { renames } from './renames.ts';
import type { Finding, RecordedVersion, SchemaSource } from './schema-files.ts';

/** What is wrong with one schema: in itself, and against every version it ever had. `apply` refuses on any. */
export function sourceFindings(source: SchemaSource): Finding[] {
  const broken = parseProblem(source);
  if (broken !== undefined) return [broken];
  const { file, json, versions } = source;
  const lints = lintSchema(json).map((lint) => ({ file, ...lint }));
  return [...lints, ...versions.flatMap((version) => versionFindings(source, version)), ...latestFindings(source)];
}

function parseProblem({ file, json }: SchemaSource): Finding | undefined {
  try {
    avroSchema(json);
    return undefined;
  } catch (error) {
    return { file, path: '(record)', rule: 'avro', consequence: messageOf(error, 300) };
  }
}

/** Both directions: stored bytes must stay readable, and readers deployed earlier must read what is written now. */
function versionFindings({ file, json }: SchemaSource, version: RecordedVersion): Finding[] {
  if (version.json === json) return [];
  const stored = incompatibilities(json, version.json).map(({ path, problem }) => {
    return {
      file,
      path,
      rule: 'backward',
      consequence: `records written as v${version.number} cannot be read: ${problem}`,
    };
  });
  const deployed = incompatibilities(version.json, json).map(({ path, problem }) => {
    return { file, path, rule: 'forward', consequence: `readers of v${version.number} cannot read it: ${problem}` };
  });
  return [...stored, ...deployed];
}

function latestFindings({ file, json, history, versions }: SchemaSource): Finding[] {
  const latest = versions.at(-1);
  if (latest?.json === json) return [];
  const number = versions.length + 1;
  const consequence = `this text is no version yet, so nothing may write it: run \`freshet schemas record\` and commit schemas/history/${history}/${number}.avsc`;
  const unrecorded: Finding = { file, path: '(record)', rule: 'recorded', consequence };
  return [...(latest === undefined ? [] : renames(json, latest.json).map((lint) => ({ file, ...lint }))), unrecorded];
}
