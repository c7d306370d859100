import { printAddress } from '../../pipeline/domain/dead-letter-address.ts';
import type { DeadLetterSummary, StoredDeadLetter } from '../../pipeline/stores/dead-letter.ts';
import { viewDocument } from '../../serving/admin/documents.ts';
import type { LetterView, RunResult } from '../../serving/admin/verbs.ts';

/** Cells in columns of even width. */
export function columns(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => String(row[at]).length)));
  return rows.map((row) =>
    row
      .map((cell, at) => String(cell).padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const iso = (ms: number) => new Date(ms).toISOString();

/** Such as `3d 4h`, `12m`, `8s`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m` : `${seconds}s`;
}

const versioned = (stage: string, version: number) => (version === 0 ? stage : `${stage}.v${version}`);

export function summaryLines(rows: readonly DeadLetterSummary[], now: number): string[] {
  if (rows.length === 0) return ['no dead letters'];
  const open = rows.filter(({ status }) => status === 'open').reduce((sum, { count }) => sum + count, 0);
  return [
    ...columns([
      ['stage', 'reason', 'status', 'letters', 'oldest', 'newest'],
      ...rows.map((row) => [
        versioned(row.stage, row.stateVersion),
        row.reason,
        row.status,
        row.count,
        `${age(now - row.oldestFailedAt)} ago`,
        iso(row.newestFailedAt),
      ]),
    ]),
    `${open} open`,
  ];
}

export function listLines(letters: readonly StoredDeadLetter[], cursor: string | undefined): string[] {
  if (letters.length === 0) return ['nothing is there'];
  const rows = letters.map((letter) => [
    printAddress(letter),
    iso(letter.lastFailedAt),
    letter.status,
    letter.reason,
    letter.eventId ?? '-',
    letter.message.replaceAll(/\s+/g, ' '),
  ]);
  return [...columns(rows), ...(cursor === undefined ? [] : [`more: --after ${cursor}`])];
}

/** As much of bytes as a terminal shows usefully. */
const hexBytes = 512;

/** Offset, sixteen bytes, and those that print. */
export function hexDump(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, hexBytes); at += 16) {
    const part = bytes.subarray(at, Math.min(at + 16, hexBytes));
    const hex = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...part].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  const rest = bytes.length - hexBytes;
  return rest > 0 ? [...lines, `… ${rest} bytes more; --json has all of them`] : lines;
}

const indented = (text: string): string[] => text.split('\n').map((line) => `  ${line}`);

export function viewLines(view: LetterView): string[] {
  const { value, value_base64: _, headers, history, ...fields } = viewDocument(view);
  const { letter, look } = view;
  const shown =
    look.undecodable === null
      ? indented(JSON.stringify(value, null, 2))
      : hexDump(letter.value ?? Buffer.alloc(0)).map((line) => `  ${line}`);
  return [
    ...columns(Object.entries(fields).map(([name, field]) => [name, field === null ? '-' : String(field)])),
    'headers',
    ...(letter.headers.length === 0
      ? ['  none']
      : indented((headers as object[]).map((one) => JSON.stringify(one)).join('\n'))),
    'value',
    ...shown,
    'history',
    ...(view.history.length === 0
      ? ['  nobody has touched it']
      : view.history.map(
          ({ at, operator, verb, reason, details }) =>
            `  ${iso(at)}  ${verb} by ${operator} (${details.state}): ${reason}`,
        )),
  ];
}

const endings = {
  limit: 'ended at its limit; the rest is open',
  signal: 'stopped; the rest is open',
  failure: 'ended by a failure; the rest is open. Run it again to go on',
} as const;

export function resultLines(done: string, result: RunResult): string[] {
  const { settled, refused, groups, busy, notOpen, absent, endedBy, failure } = result;
  const table = groups.map((group) => [
    `  ${versioned(group.stage, group.stateVersion)}`,
    group.topic,
    group.reason,
    group.count,
    group.refused === null ? done : `refused: ${group.refused}`,
    group.message === null ? '' : `${group.example}: ${group.message}`,
  ]);
  return [
    `${settled} ${done}, ${refused} refused`,
    ...columns(table),
    ...(busy > 0 ? [`${busy} were in the hands of somebody else; what is still open then is for another run`] : []),
    ...notOpen.map((address) => `${address} is not open`),
    ...absent.map((address) => `${address} is not there`),
    ...(endedBy === null ? [] : [endings[endedBy]]),
    ...(failure === null ? [] : [`${failure.message} (${failure.code})`]),
  ];
}
