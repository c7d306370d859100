import { changeRows, changeWords, deployLines, deploySection, markdownText } from './diff-text.ts';
import { findingLine } from './finding.ts';
import type { SchemasPlan, SubjectPlan } from './plan.ts';

/** The plan as lines for a terminal. */
export function planLines({ findings, subjects, ahead }: SchemasPlan): string[] {
  if (findings.length > 0) return findings.map(findingLine);
  const extra = ahead.map(aheadLine);
  if (subjects.length === 0) return ['the registry has every recorded version', ...extra];
  const lines = subjects.flatMap((one) => [
    `${one.subject}: ${work(one)}`,
    ...one.refusals.map((reason) => `  refused by the registry: ${reason}`),
    ...one.changes.map((change) => `  ${changeWords(change)}`),
    ...(one.deploy ? deployLines(one.deploy) : []),
  ]);
  return [...lines, ...extra];
}

/** A newer release was here, or somebody registered by hand. */
function aheadLine({ subject, versions }: SchemasPlan['ahead'][number]): string {
  const what = versions === 1 ? 'a version' : `${versions} versions`;
  return `${subject}: the registry has ${what} that schemas/history lacks: left alone, though the registry holds new ones to them too`;
}

function work({ level, pending }: SubjectPlan): string {
  const parts = [
    ...(level ? [`compatibility ${level.is ?? "the registry's own"} → ${level.wanted}`] : []),
    ...(pending.length > 0 ? [`register ${pending.map((number) => `v${number}`).join(', ')}`] : []),
  ];
  return parts.join('; ');
}

/** The same as a report for a pull request. */
export function planMarkdown({ findings, subjects, ahead }: SchemasPlan, registry: string): string {
  const refused = subjects.filter(({ refusals }) => refusals.length > 0);
  const verdict =
    findings.length > 0
      ? `**${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: nothing can be applied.**`
      : refused.length > 0
        ? `**The registry would refuse ${refused.map(({ subject }) => subject).join(', ')}.**`
        : subjects.length === 0
          ? 'The registry has every recorded version.'
          : 'All of it can be applied.';
  return [
    `## Schemas and the registry ${registry}`,
    '',
    verdict,
    ...(findings.length > 0 ? ['', ...findings.map((finding) => `- ${markdownText(findingLine(finding))}`)] : []),
    ...subjects.flatMap((one) => [
      '',
      `### \`${one.subject}\``,
      '',
      `${markdownText(work(one))}.`,
      ...one.refusals.map((reason) => `- refused: ${markdownText(reason)}`),
      ...changeRows(one.changes),
      ...(one.deploy ? deploySection(one.deploy) : []),
    ]),
    ...(ahead.length > 0 ? ['', ...ahead.map((one) => `- ${markdownText(aheadLine(one))}`)] : []),
    '',
  ].join('\n');
}
