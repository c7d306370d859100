/** What a string must be. Lengths count Unicode code points. */
export interface TextRule {
  readonly max: number;
  readonly pattern?: RegExp;
  /** The pattern in words, for the message. */
  readonly shape?: string;
}

/** What is wrong with a value. Never holds the value. */
export interface Fault {
  /** Stable; clients branch on it. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** The bound that was passed or missed, where there is one. */
  readonly limit?: number;
}

/** Ids of users, items, sessions, requests, orders and carts. */
export const idRule: TextRule = { max: 128 };
export const eventIdRule: TextRule = {
  max: 64,
  pattern: /^[A-Za-z0-9._:-]+$/,
  shape: 'letters, digits and . _ : -',
};
export const namespaceRule: TextRule = {
  max: 64,
  pattern: /^[a-z0-9][a-z0-9._-]*$/,
  shape: 'lower-case letters, digits and . _ -, starting with a letter or digit',
};
export const decimalRule: TextRule = {
  max: 24,
  pattern: /^\d{1,15}(\.\d{1,8})?$/,
  shape: 'a decimal number such as "19.90"',
};
/** What a catalogue price is written as; an event's may be as fine as its shop counts. */
export const priceRule: TextRule = {
  max: 20,
  pattern: /^\d{1,15}(\.\d{1,4})?$/,
  shape: 'a decimal number, not negative, with at most 4 digits behind the point, such as "19.90"',
};
export const currencyRule: TextRule = { max: 3, pattern: /^[A-Z]{3}$/, shape: 'an ISO 4217 code such as EUR' };

/** Every namespace that is not named. */
export const defaultNamespace = 'default';

// C0, DEL and C1. Postgres refuses NUL; the rest has no business in ids, labels or headers.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** The same as a pattern for documents: text without control characters. */
export const cleanPattern = `^[^${control.source.slice(1, -1)}]*$`;

/** Well formed means no lone surrogate (avsc would turn it into U+FFFD) and no control character. */
export const isCleanText = (value: string): boolean => value.isWellFormed() && !control.test(value);

function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false;
  if (value.length > 2 * max) return true; // a code point has at most two units
  return [...value].length > max;
}

/** Why the value is not such a string; undefined where it is. */
export function textFault(value: unknown, rule: TextRule): Fault | undefined {
  if (typeof value !== 'string') return { code: 'wrong_type', message: 'must be a string' };
  if (value.length === 0) return { code: 'too_short', message: 'must not be empty', limit: 1 };
  if (isLonger(value, rule.max)) {
    return { code: 'too_long', message: `must have at most ${rule.max} characters`, limit: rule.max };
  }
  if (!isCleanText(value)) {
    return { code: 'malformed_text', message: 'must be well-formed Unicode without control characters' };
  }
  if (rule.pattern && !rule.pattern.test(value)) {
    return { code: 'invalid_format', message: `must be ${rule.shape ?? 'in the documented format'}` };
  }
  return undefined;
}
