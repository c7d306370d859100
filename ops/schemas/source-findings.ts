import { messageOf } from '../../pipeline/kernel/errors.ts';
import { avroSchema } from '../../schemas/generated/avro.ts';
import type { Mismatch } from './compatibility.ts';
import { type Direction, directionsOf, levelMismatches, type VersionMismatch } from './compatibility-level.ts';
import type { Finding } from './finding.ts';
import { lintSchema } from './lints.ts';
import { lostValues } from './lost-values.ts';
import type { SchemaSource } from './schema-files.ts';
import { schemaProblem } from './schema-problem.ts';

/** What is wrong with one schema: in itself, and against every version it ever had. `apply` refuses on any. */
export function sourceFindings(source: SchemaSource): Finding[] {
  const broken = parseProblem(source);
  const lints = lintsOf(source);
  if (broken !== undefined) return [broken, ...lints];
  return [...lints, ...versionFindings(source), ...latestFindings(source)];
}

/** None where the text is too broken to look at. */
function lintsOf({ file, json }: SchemaSource): Finding[] {
  try {
    return lintSchema(json).map((lint) => ({ file, ...lint }));
  } catch {
    return []; // `parseProblem` tells why
  }
}

function parseProblem({ file, json }: SchemaSource): Finding | undefined {
  const problem = schemaProblem(json);
  return problem && { file, path: '(record)', rule: 'avro', ...problem };
}

/** One finding a mismatch, however many versions have it. */
function versionFindings(source: SchemaSource): Finding[] {
  const { file, json, level, versions } = source;
  const others = versions.map((version) => version.json);
  const mismatches = levelMismatches(level, json, others);
  const alike = Map.groupBy(mismatches, ({ direction, path, problem }) => JSON.stringify([direction, path, problem]));
  const found = [...alike.values()].map((group) => {
    const [{ direction, path, problem, mismatch }] = group as [VersionMismatch];
    const numbers = group.map(({ version }) => `v${version}`).join(', ');
    const consequence =
      direction === 'backward'
        ? `records written as ${numbers} cannot be read: ${problem}`
        : `readers of ${numbers} cannot read it: ${problem}`;
    return { file, path: path || '(record)', rule: direction, consequence, remedy: remedies[direction][mismatch] };
  });
  return found.length > 0 ? found : unreadableFindings(source);
}

/** Where the rules have nothing against a version, and the reader that services have cannot be made all the same. */
function unreadableFindings({ file, json, level, versions }: SchemaSource): Finding[] {
  if (!directionsOf(level).includes('backward')) return [];
  const today = avroSchema(json);
  return versions.flatMap((version) => {
    try {
      today.readerFor(version.json);
      return [];
    } catch (error) {
      const consequence = `no reader of v${version.number} can be made of it: ${messageOf(error, 200)}`;
      const remedy = 'undo what changed in it: the rules have no word for this yet';
      return { file, path: '(record)', rule: 'reader', consequence, remedy };
    }
  });
}

const anotherTopic = 'start the next version of the topic (v2)';
const beside = `keep it as it was and add a new field beside it, or ${anotherTopic}`;
const nameKept = 'keep the name: readers that are deployed already know no alias for a new one';

const remedies: Readonly<Record<Direction, Readonly<Record<Mismatch, string>>>> = {
  backward: {
    'field-without-default': 'give the field a default',
    'type-changed': beside,
    'branch-missing': beside,
    'name-changed': 'keep the name, or add the old full name to its "aliases"',
    'symbol-unknown': 'keep the symbol, or give the enum a "default"',
    'size-changed': beside,
    'alias-ambiguous': 'take one of the aliases away',
    'namespace-changed': 'keep the namespace',
    'meaning-changed': beside,
  },
  forward: {
    'field-without-default': `keep the field: what has no default can never go, or ${anotherTopic}`,
    'type-changed': beside,
    'branch-missing': beside,
    'name-changed': nameKept,
    'symbol-unknown': `do without the symbol: the enum had no "default" yet, or ${anotherTopic}`,
    'size-changed': beside,
    'alias-ambiguous': 'call one of the fields otherwise',
    'namespace-changed': 'keep the namespace',
    'meaning-changed': beside,
  },
};

function latestFindings({ file, json, history, versions }: SchemaSource): Finding[] {
  const latest = versions.at(-1);
  if (latest?.json === json) return [];
  const older = versions.map((version) => version.json);
  const lost = latest === undefined ? [] : lostValues(json, latest.json, older).map((lint) => ({ file, ...lint }));
  const unrecorded: Finding = {
    file,
    path: '(record)',
    rule: 'recorded',
    consequence: 'this text is no version yet, so nothing may write it',
    remedy: `run \`freshet schemas record\` and commit schemas/history/${history}/${versions.length + 1}.avsc`,
  };
  return [...lost, unrecorded];
}
