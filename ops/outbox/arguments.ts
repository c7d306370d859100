import { FreshetError } from '../../pipeline/kernel/errors.ts';

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** ISO-8601 with a zone, or how long ago: `90s`, `30m`, `2h`, `7d`; milliseconds since the epoch. */
export function instantOf(option: string, text: string, now: number): number {
  const ago = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (ago) return now - Number(ago[1]) * units[ago[2] as keyof typeof units];
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return at;
  const shape = 'an instant with a zone such as 2026-01-31T09:30:00Z, or how long ago such as 30m, 2h, 7d';
  throw new FreshetError('argument_invalid', `${option}: ${JSON.stringify(text)} is not ${shape}`);
}

/** Numbers as `parked list` shows them. */
export function seqOf(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new FreshetError(
    'argument_invalid',
    `${JSON.stringify(text)} is not the number of a parked record; see \`freshet outbox parked list\``,
  );
}

export function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100_000) return limit;
  throw new FreshetError('argument_invalid', `--limit: ${JSON.stringify(text)} is not a whole number from 1 to 100000`);
}
