import type { DifferingKey, TableComparison } from '../rebuild/compare.ts';
import type { StageStatus, VersionStatus } from '../rebuild/status.ts';

const number = (value: number): string => value.toLocaleString('en');

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

function stageLine({ stage, total, handled, perSecond, etaSeconds }: StageStatus): string {
  const percent = total === 0 ? 100 : Math.floor((100 * handled) / total);
  const left =
    etaSeconds === 0 ? 'caught up' : etaSeconds === null ? 'not coming nearer' : `${duration(etaSeconds)} left`;
  return `  ${stage.padEnd(12)} ${number(handled)} of ${number(total)} (${percent} %), ${number(perSecond)}/s, ${left}`;
}

/** One version of `rebuild status`. */
export function statusLines(status: VersionStatus): string[] {
  const { version, standing, source, settings, rate, groupId, completeSince, listedPartitions, deadLetters, workers } =
    status;
  const extras = [
    ...(rate === null ? [] : [`at most ${number(rate)} events/s`]),
    ...(groupId === null ? [] : [`group ${groupId}`]),
    ...(status.replaced === null ? [] : [`replaced ${status.replaced}`]),
  ];
  return [
    [`state version ${version}: ${standing}, from ${source}`, ...extras].join(', '),
    `  complete since ${new Date(completeSince).toISOString()}; ${Object.entries(settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    ...status.stages.map(stageLine),
    `  lists of ${listedPartitions[0]} of ${listedPartitions[1]} partitions whole; ${deadLetters} open dead letters; ${workers} processes`,
  ];
}

/** `rebuild compare`: what people read of it. */
export function compareLines(
  [a, b]: readonly [number, number],
  tables: readonly TableComparison[],
  users: readonly (DifferingKey & { readonly fields: readonly string[] })[],
): string[] {
  const lines = [`state version ${a} beside ${b}`];
  for (const { table, rows, differingRanges, differingCount, moving } of tables) {
    const verdict =
      differingRanges.length === 0
        ? 'equal'
        : `${differingCount} keys differ in ${differingRanges.length} of 64 ranges${moving > 0 ? `, ${moving} of them were only on their way` : ''}`;
    lines.push(`  ${table.padEnd(14)} ${number(rows[0])} rows beside ${number(rows[1])}: ${verdict}`);
  }
  for (const { namespace, id, fields } of users) lines.push(`  ${namespace}|${id}: ${fields.join(', ')}`);
  return lines;
}

/** Said under a comparison that came too early. */
export const behindLines = (version: number, behind: number): string[] =>
  behind === 0
    ? []
    : [`state version ${version} is ${number(behind)} records behind: what it has not read yet differs, too`];
