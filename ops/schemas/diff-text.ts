import type { DeployOrder } from './deploy-order.ts';
import type { EventDiff, SchemasDiff } from './diff.ts';
import { type Finding, findingLine } from './finding.ts';
import type { SchemaChange } from './schema-changes.ts';

const verbs = { new: 'new', changed: 'changed', gone: 'no longer there' } as const;
const orders = {
  any: 'any order',
  consumers_first: 'consumers first',
  producers_first: 'producers first',
  none: 'no order works',
} as const;

/** The change list as lines for a terminal. */
export function diffLines({ against, events, topics, unread }: SchemasDiff): string[] {
  if (events.length + topics.length + unread.length === 0) return [`nothing changed against ${against}`];
  return [
    ...unread.map(
      ({ file, consequence }) => `${file}: not compared: ${consequence}; \`freshet schemas check\` tells more`,
    ),
    ...events.flatMap(({ file, kind, changes, deploy }) => [
      `${file}: ${verbs[kind]}`,
      ...changes.map((change) => `  ${changeWords(change)}`),
      ...(deploy ? deployLines(deploy) : []),
    ]),
    ...topics.map((line) => `topic ${line}`),
  ];
}

export const changeWords = ({ path, change, words }: SchemaChange): string =>
  `${path}: ${change.replace('_', ' ')}: ${words}`;

export const deployLines = ({ order, steps }: DeployOrder): string[] => [
  `  deploy: ${orders[order]}`,
  ...steps.map((step, at) => `    ${at + 1}. ${step}`),
];

/** The same as a report for a pull request, with what `schemas check` finds. */
export function diffMarkdown({ against, events, topics }: SchemasDiff, findings: readonly Finding[]): string {
  const verdict =
    findings.length === 0
      ? 'Every rule is kept, and all versions fit each other.'
      : `**${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: this cannot be applied.**`;
  const isSame = events.length + topics.length === 0;
  return [
    `## Schemas against ${markdownText(against)}`,
    '',
    verdict,
    ...section(
      'Findings',
      findings.map((finding) => `- ${markdownText(findingLine(finding))}`),
    ),
    ...(isSame ? ['', 'Nothing changed.'] : events.flatMap(eventSection)),
    ...section(
      'Topics',
      topics.map((line) => `- ${markdownText(line)}`),
    ),
    '',
  ].join('\n');
}

const section = (title: string, lines: readonly string[]) =>
  lines.length > 0 ? ['', `### ${title}`, '', ...lines] : [];

function eventSection({ file, kind, version, changes, deploy }: EventDiff): string[] {
  return [
    '',
    `### \`${file}\`: ${kind === 'changed' ? `changed, version ${version}` : verbs[kind]}`,
    ...changeRows(changes),
    ...(deploy ? deploySection(deploy) : []),
  ];
}

/** A table of changes; nothing where there are none. */
export function changeRows(changes: readonly SchemaChange[]): string[] {
  if (changes.length === 0) return [];
  return [
    '',
    '| field | change | what it means |',
    '|---|---|---|',
    ...changes.map(
      ({ path, change, words }) => `| ${markdownText(path)} | ${change.replace('_', ' ')} | ${markdownText(words)} |`,
    ),
  ];
}

export const deploySection = ({ order, steps }: DeployOrder): string[] => [
  '',
  `Deploy: **${orders[order]}**.`,
  '',
  ...steps.map((step, at) => `${at + 1}. ${markdownText(step)}`),
];

/** Text of schemas may hold anything; code spans stay as they are. */
export const markdownText = (text: string): string =>
  text.replace(/[|<>]/g, (sign) => `\\${sign}`).replaceAll('\n', ' ');
