import { type Fault, type TextRule, textFault } from './text.ts';

/** A fault and where it is. */
export interface FieldProblem extends Fault {
  /** JSON path in the request's body. */
  readonly path: string;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/**
 * One JSON object being read. Every reader below answers null for a field that is absent, null or at
 * fault, and adds a fault to `problems`, so that a parser reads on and reports all of them together.
 */
export interface Fields {
  readonly source: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly problems: FieldProblem[];
  /** Names whose value came from elsewhere, with the path it came from. */
  readonly cameFrom?: ReadonlyMap<string, string>;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const safeName = /^[A-Za-z0-9_.-]{1,64}$/;

/** The path of a member; a name that the client made up is shown only where it is harmless. */
export function pathOf(fields: Fields, name: string): string {
  const parent = fields.cameFrom?.get(name) ?? fields.path;
  return safeName.test(name) ? `${parent}.${name}` : parent;
}

/** Adds a fault of the member `name`; answers null, so that a reader can return it. */
export function report(fields: Fields, name: string, fault: Fault): null {
  fields.problems.push({ ...fault, path: pathOf(fields, name) });
  return null;
}

/** True where the field is there; null counts as absent, as many clients write it. */
export const has = (fields: Fields, name: string): boolean =>
  fields.source[name] !== undefined && fields.source[name] !== null;

/** A misspelt field would be lost silently, so it is refused. */
export function refuseUnknown(fields: Fields, known: ReadonlySet<string>): void {
  for (const name of Object.keys(fields.source)) {
    if (!known.has(name)) report(fields, name, { code: 'unknown_field', message: 'there is no such field' });
  }
}

export function readText(fields: Fields, name: string, rule: TextRule): string | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  const fault = textFault(value, rule);
  if (fault === undefined) return value as string;
  return report(fields, name, fault);
}

/** Answers '' where the field is absent or at fault. */
export function requireText(fields: Fields, name: string, rule: TextRule): string {
  if (!has(fields, name)) report(fields, name, { code: 'required', message: 'is required' });
  return readText(fields, name, rule) ?? '';
}

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

export function readNumber(fields: Fields, name: string, rule: NumberRule): number | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number') return report(fields, name, { code: 'wrong_type', message: 'must be a number' });
  if (rule.integer && !Number.isInteger(value))
    return report(fields, name, { code: 'wrong_type', message: 'must be a whole number' });
  if (!(value >= rule.min))
    return report(fields, name, { code: 'out_of_range', message: `must be at least ${rule.min}`, limit: rule.min });
  if (!(value <= rule.max))
    return report(fields, name, { code: 'out_of_range', message: `must be at most ${rule.max}`, limit: rule.max });
  return value;
}

export function requireNumber(fields: Fields, name: string, rule: NumberRule): number {
  if (!has(fields, name)) report(fields, name, { code: 'required', message: 'is required' });
  return readNumber(fields, name, rule) ?? rule.min;
}

export function readBoolean(fields: Fields, name: string): boolean | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  return typeof value === 'boolean'
    ? value
    : report(fields, name, { code: 'wrong_type', message: 'must be true or false' });
}

export function readOneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return report(fields, name, { code: 'wrong_type', message: 'must be a string' });
  const found = allowed.find((one) => one === value);
  return found ?? report(fields, name, { code: 'invalid_format', message: `must be one of ${allowed.join(', ')}` });
}

/** A nested object as fields of its own. */
export function readObject(fields: Fields, name: string): Fields | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  if (!isObject(value)) return report(fields, name, { code: 'wrong_type', message: 'must be an object' });
  return { source: value, path: pathOf(fields, name), problems: fields.problems };
}

/** The list's raw members; null where it is absent, at fault or has more members than allowed. */
export function readList(fields: Fields, name: string, max: number): readonly unknown[] | null {
  const value = fields.source[name];
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) return report(fields, name, { code: 'wrong_type', message: 'must be a list' });
  return value.length > max
    ? report(fields, name, { code: 'too_many', message: `at most ${max} are allowed`, limit: max })
    : value;
}

/** A list of objects, each read by `read`; members that are no objects are reported and left out. */
export function readObjects<T>(fields: Fields, name: string, max: number, read: (member: Fields) => T): T[] | null {
  const list = readList(fields, name, max);
  return (
    list?.flatMap((source, index) => {
      const path = `${pathOf(fields, name)}[${index}]`;
      if (isObject(source)) return [read({ source, path, problems: fields.problems })];
      fields.problems.push({ code: 'wrong_type', path, message: 'must be an object' });
      return [];
    }) ?? null
  );
}

/** A list of strings; members at fault are reported and left out. */
export function readTexts(fields: Fields, name: string, max: number, rule: TextRule): string[] | null {
  const list = readList(fields, name, max);
  return (
    list?.flatMap((value, index) => {
      const fault = textFault(value, rule);
      if (fault === undefined) return [value as string];
      fields.problems.push({ ...fault, path: `${pathOf(fields, name)}[${index}]` });
      return [];
    }) ?? null
  );
}
