import fc from 'fast-check';

type Path = readonly (string | number)[];

/** What a careless or hostile client may put in the place of anything. */
const odd: readonly unknown[] = [
  null,
  true,
  false,
  '',
  ' ',
  'order',
  'x'.repeat(65),
  'x'.repeat(129),
  'x'.repeat(9_000),
  'a\u0000b',
  'a b',
  '\u007f',
  'é',
  '12',
  '12.5',
  '-1',
  0,
  -1,
  1,
  3,
  5,
  5.5,
  8,
  9,
  1.5,
  1e6,
  1_000_001,
  1e13,
  1e300,
  -1e300,
  [],
  [null],
  [''],
  ['a', 'b'],
  {},
  { kind: 'order' },
  { recommended: true },
  { rank: 1 },
];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, one]) =>
    pathsOf(one, [...path, Array.isArray(value) ? Number(name) : name]),
  );
  return [path, ...inner];
}

function changedAt(value: unknown, [first, ...rest]: Path, change: (one: unknown) => unknown): unknown {
  if (first === undefined) return change(value);
  if (Array.isArray(value)) return value.map((one, at) => (at === first ? changedAt(one, rest, change) : one));
  const members = { ...(value as Record<string, unknown>) };
  const changed = changedAt(members[first], rest, change);
  if (changed === undefined) delete members[first];
  else members[first] = changed;
  return members;
}

/** The value with one thing changed somewhere: replaced, left out, or with a member that there is not. */
export function mutated(value: unknown, names: readonly string[]): fc.Arbitrary<unknown> {
  const isObjectAt = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  const change = fc.oneof(
    fc.constantFrom(...odd).map((by) => () => by),
    fc.constant(() => undefined),
    fc.tuple(fc.constantFrom(...names, 'unknown', 'x'.repeat(65)), fc.constantFrom(...odd)).map(
      ([name, by]) =>
        (one: unknown) =>
          isObjectAt(one) ? { ...(one as object), [name]: by } : by,
    ),
  );
  return fc
    .tuple(fc.constantFrom(...pathsOf(value)), change)
    .map(([path, by]) => (path.length === 0 && by(value) === undefined ? null : changedAt(value, path, by)));
}
