const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const words = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
};

/** The first place where two values are not alike, with what is there and what should be; undefined where there is none. */
export function firstDifference(found: unknown, expected: unknown, path = ''): string | undefined {
  if (Object.is(found, expected)) return undefined;
  if (!isObject(found) || !isObject(expected)) return `${path || 'it'} is ${words(found)}, not ${words(expected)}`;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const at = Array.isArray(expected) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const difference = firstDifference(found[key], expected[key], at);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** At most `limit` lines of a kind, and how many there are. */
export function some(what: string, lines: readonly string[], limit = 4): string[] {
  if (lines.length === 0) return [];
  const rest = lines.length > limit ? [`… ${lines.length - limit} more`] : [];
  return [...lines.slice(0, limit), ...rest].map((line) => `${what}: ${line}`);
}
