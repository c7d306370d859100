import { namespaceRule, textFault } from '../../pipeline/domain/intake/text.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { ApiScope } from '../../pipeline/stores/api-key.ts';

const scopes: readonly ApiScope[] = ['ingest', 'read', 'admin'];
const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const longestMs = 3_650 * units.d;

const refuse = (option: string, given: string, wanted: string): FreshetError =>
  new FreshetError('argument_invalid', `${option}: ${JSON.stringify(given)} is not ${wanted}`);

const namesIn = (text: string): string[] => text.split(',').map((name) => name.trim());

/** `ingest,read`; throws FreshetError `argument_invalid`, as all here do. */
export function scopesOf(text: string): readonly ApiScope[] {
  const named = new Set(namesIn(text));
  const found = scopes.filter((scope) => named.has(scope));
  if (found.length === named.size) return found;
  throw refuse('--scopes', text, `some of ${scopes.join(', ')}, comma separated`);
}

/** `shop,blog`; null where none are named, which stands for all. */
export function namespacesOf(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const named = [...new Set(namesIn(text))];
  const bad = named.find((name) => textFault(name, namespaceRule) !== undefined);
  if (bad === undefined) return named;
  throw refuse('--namespaces', bad, `a namespace: ${namespaceRule.shape}, at most ${namespaceRule.max}`);
}

/** A name for people, such as `web shop, production`. */
export function nameOf(text: string): string {
  const name = text.trim();
  if (textFault(name, { max: 100 }) === undefined) return name;
  throw refuse('--name', text, 'a name of 1 to 100 characters');
}

/** `90s`, `30m`, `24h`, `90d`; milliseconds. */
export function durationOf(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = count === undefined ? Number.NaN : Number(count) * units[unit as keyof typeof units];
  if (ms <= longestMs) return ms;
  throw refuse(option, text, 'a time such as 90s, 30m, 24h or 90d, at most 3650d');
}

/** A time from now, or the instant itself with its zone; milliseconds from now. */
export function expiryOf(text: string, now: number): number {
  if (/^\d+[smhd]$/.test(text)) {
    const ms = durationOf('--expires', text);
    if (ms > 0) return ms;
  }
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (at > now) return at - now;
  throw refuse('--expires', text, 'a time to come such as 90d, or an instant to come such as 2030-01-31T09:30:00Z');
}

/** Requests a second. */
export function rateOf(text: string): number {
  const rate = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (rate >= 1 && rate <= 1_000_000) return rate;
  throw refuse('--rate', text, 'a whole number of requests a second from 1 to 1000000');
}
