import { type Fields, report } from './fields.ts';

/** Numbers below are seconds (year 5138), numbers from here on milliseconds (1973). */
const millisecondsFrom = 1e11;

/** How instants are written as text: ISO-8601 with a zone. */
export const isoInstant =
  /^((?!0000)\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?([Zz]|[+-](?:(?:0\d|1[0-7])(?::?[0-5]\d)?|18(?::?00)?))$/;
const zoneless = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?$/i;
const numeric = /^\s*[+-]?\d+([.,]\d+)?\s*$/;

function offsetMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const digits = zone.replace(':', '').slice(1).padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** Milliseconds since the epoch, or undefined where the text is no instant that exists. */
function parseIso(text: string): number | undefined {
  const match = isoInstant.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const daysInMonth = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (day > daysInMonth) return undefined;
  const offset = offsetMinutes(match[8] as string);
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const at = new Date(Date.UTC(2000, month - 1, day, hour, minute, second, milliseconds));
  at.setUTCFullYear(year, month - 1, day); // Date.UTC reads years below 100 as 19xx
  return at.getTime() - offset * 60_000;
}

/** Years 1 to 9999: what ISO-8601 can write and Postgres can store; milliseconds since the epoch. */
export const earliest = -62_135_596_800_000;
export const latest = 253_402_300_799_999;

/**
 * An instant as HTTP writes it: ISO-8601 with a zone, a number of seconds (fractions allowed) or of
 * milliseconds. What could mean two instants is refused rather than guessed.
 */
export function readInstant(fields: Fields, name: string): number | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') {
    const ms = Math.abs(value) < millisecondsFrom ? Math.round(value * 1_000) : Math.trunc(value);
    return ms >= earliest && ms <= latest
      ? ms
      : report(fields, name, { code: 'timestamp_invalid', message: 'must lie in the years 1 to 9999' });
  }
  if (typeof value !== 'string') {
    return report(fields, name, { code: 'wrong_type', message: 'must be ISO-8601 text with a zone, or a number' });
  }
  const at = parseIso(value);
  if (at !== undefined && at >= earliest && at <= latest) return at;
  if (numeric.test(value)) {
    return report(fields, name, {
      code: 'timestamp_ambiguous',
      message: 'is a number in quotes: write a JSON number or ISO-8601 with a zone',
    });
  }
  if (zoneless.test(value)) {
    return report(fields, name, {
      code: 'timestamp_ambiguous',
      message: 'has no zone: add Z or an offset such as +02:00',
    });
  }
  return report(fields, name, {
    code: 'timestamp_invalid',
    message: 'must be ISO-8601 with a zone, such as 2026-01-31T09:30:00Z',
  });
}

export interface AgeRule {
  readonly receivedAt: number;
  readonly maxFutureMs: number;
  readonly maxAgeMs: number;
}

/** `occurred_at`, judged once against the server's clock; absent means now. */
export function readOccurredAt(fields: Fields, rule: AgeRule): number {
  const at = readInstant(fields, 'occurred_at') ?? rule.receivedAt;
  if (at > rule.receivedAt + rule.maxFutureMs) {
    report(fields, 'occurred_at', {
      code: 'in_future',
      message: `is more than ${rule.maxFutureMs} ms ahead of the server`,
      limit: rule.maxFutureMs,
    });
  } else if (at < rule.receivedAt - rule.maxAgeMs) {
    report(fields, 'occurred_at', {
      code: 'too_old',
      message: `is more than ${rule.maxAgeMs} ms old`,
      limit: rule.maxAgeMs,
    });
  }
  return at;
}
