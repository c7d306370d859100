import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfigDocument } from '../../../../pipeline/domain/intake/config-document.ts';
import type { Parsed } from '../../../../pipeline/domain/intake/fields.ts';
import { parseImpression } from '../../../../pipeline/domain/intake/impression.ts';
import { parseInteraction } from '../../../../pipeline/domain/intake/interaction.ts';
import { parseItem } from '../../../../pipeline/domain/intake/item.ts';
import { isoInstant } from '../../../../pipeline/domain/intake/timestamp.ts';
import { traceparent } from '../../../../pipeline/domain/intake/traceparent.ts';
import { parseUser } from '../../../../pipeline/domain/intake/user.ts';
import { defaultSettings } from '../../../../pipeline/domain/settings.ts';
import { createDocument } from '../../../../serving/openapi/document.ts';
import { parseContextRequest } from '../../../../serving/routes/context-request.ts';
import { parseRulesTrial } from '../../../../serving/routes/rules-trial-request.ts';
import { createArbitrary } from '../../../support/openapi/arbitrary.ts';
import { createJudge, type Schema } from '../../../support/openapi/json-schema.ts';
import { mutated } from '../../../support/openapi/mutate.ts';

const receivedAt = Date.UTC(2026, 0, 31, 12);
const rules = { receivedAt, settingsOf: () => defaultSettings, trace: null };
const document = createDocument({ version: '0', isSecured: true });
const { judge, resolve } = createJudge(document);

const lately = fc.integer({ min: receivedAt - 86_400_000, max: receivedAt });
const instants = fc.oneof(
  lately,
  lately.map((ms) => ms / 1_000),
  lately.map((ms) => new Date(ms).toISOString()),
);
const arbitraryOf = createArbitrary({
  resolve,
  known: {
    Instant: instants,
    LaterInstant: instants,
    WebAddress: fc.webUrl(),
    [isoInstant.source]: lately.map((ms) => new Date(ms).toISOString()),
    [traceparent.source]: fc.constant('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
  },
});

/** What JSON schema cannot say; the document says it in words. */
const inWords = [
  'timestamp_invalid', // days that no calendar has
  'in_future',
  'too_old',
  'pii_suspected',
  'duplicate_item',
  'duplicate_position',
  'conflicting_fields', // two names of one thing that differ
  'too_large', // bytes of a whole map or document
];

interface Fault {
  readonly code: string;
  readonly path: string;
}

/** A tag of spaces and separators alone is none; a rule ends after it starts. */
const isOfRule = ({ code, path }: Fault) => code === 'invalid_rule' && /\.(tags\.\d+|ends_at)$/.test(path);

/** A tag of spaces and separators alone is none; min is not above max. */
const isOfConstraints = ({ code, path }: Fault) =>
  (path.includes('.constraints.') && code === 'too_short') || path.endsWith('.constraints.price_between.min');

interface Reader {
  readonly read: (input: unknown) => Parsed<unknown>;
  /** What this one refuses besides. */
  readonly besides?: (fault: Fault) => boolean;
}

const readers: Readonly<Record<string, Reader>> = {
  Interaction: {
    read: (input) => parseInteraction(input, '$', rules),
    // Numbers and booleans in meta are judged as the text they become.
    besides: ({ path, code }) => path.startsWith('$.meta') && ['invalid_format', 'too_long'].includes(code),
  },
  WatchEvent: {
    read: (input) => parseInteraction(input, '$', rules, 'watch'),
    besides: ({ path, code }) => path.startsWith('$.meta') && ['invalid_format', 'too_long'].includes(code),
  },
  Impression: { read: (input) => parseImpression(input, '$', rules) },
  Item: {
    read: (input) => parseItem(input, '$', rules),
    // What a URL is, JSON schema does not say.
    besides: ({ path }) => ['$.updated_at', '$.url', '$.image_url'].includes(path),
  },
  User: {
    read: (input) => parseUser(input, '$', rules),
    // A list is judged as the text it becomes.
    besides: ({ path, code }) => path === '$.updated_at' || (path.startsWith('$.traits.') && code === 'too_long'),
  },
  ConfigDocument: {
    read: (input) => parseConfigDocument(input, '$', rules),
    besides: (one) => one.path === '$.updated_at' || isOfRule(one),
  },
  RulesPreview: {
    read: (input) => parseRulesTrial(input, 'r-1'),
    besides: (one) => isOfRule(one) || isOfConstraints(one),
  },
  ContextRequest: {
    read: (input) => parseContextRequest(input, 'r-1'),
    besides: isOfConstraints,
  },
};

type Members = Record<string, unknown>;

/** Without what is written twice: `meta` beside the part that has the same member, the id under two names. */
function consistent(input: unknown, fits: (input: unknown) => boolean): unknown {
  const { meta, ...event } = input as Members & { meta?: Members | null };
  if (event.event_id != null && event.source_event_id != null) event.source_event_id = event.event_id;
  if (meta == null) return { ...event, ...(meta === undefined ? {} : { meta }) };
  const parts = ['context', 'commerce', 'properties'].filter((name) => event[name] != null);
  const rest = (part: unknown, names: readonly string[]) =>
    Object.fromEntries(Object.entries(part as Members).filter(([name]) => !names.includes(name)));
  const given = (part: unknown) =>
    Object.entries(part as Members).flatMap(([name, one]) => (one === null ? [] : [name]));
  const own = parts.flatMap((name) => given(event[name]));
  const inMeta = Object.fromEntries(parts.map((name) => [name, rest(event[name], given(meta))]));
  const preferred = { ...event, ...inMeta, meta };
  return fits(preferred) ? preferred : { ...event, meta: rest(meta, own) };
}

/** A member of a map that is null counts as left out, whatever its name. */
function withoutNulls(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const maps = Object.entries(input).map(([name, map]) => {
    if (!['properties', 'traits', 'meta'].includes(name) || typeof map !== 'object' || map === null) return [name, map];
    return [name, Array.isArray(map) ? map : Object.fromEntries(Object.entries(map).filter(([, one]) => one !== null))];
  });
  return Object.fromEntries(maps);
}

const namesOf = (schema: Schema): string[] => Object.keys((schema.properties ?? {}) as object);

describe.each(Object.entries(readers))('schema and reader of %s', (name, { read, besides = () => false }) => {
  const schema = resolve(`#/components/schemas/${name}`);
  const fits = (input: unknown) => judge(schema, input).length === 0;
  const arbitrary = arbitraryOf(schema)
    .map((input) => consistent(input, fits))
    .filter(fits);
  const unsaid = (input: unknown): boolean => {
    const parsed = read(input);
    if (parsed.ok) return false;
    // Of two values for one field, the reader may have judged the other.
    if (parsed.problems.some(({ code }) => code === 'conflicting_fields')) return true;
    return parsed.problems.every((one) => inWords.includes(one.code) || besides(one));
  };

  it('agree on what the schema allows', () => {
    let count = 0;
    let accepted = 0;
    fc.assert(
      fc.property(arbitrary, (input) => {
        expect(judge(schema, input)).toEqual([]);
        const parsed = read(input);
        count += 1;
        if (parsed.ok) accepted += 1;
        else if (!unsaid(input)) expect(parsed.problems).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(accepted / count).toBeGreaterThan(0.25);
  });

  it('agree on what is changed somewhere', () => {
    let refused = 0;
    const changed = arbitrary.chain((input) => mutated(input, namesOf(schema)));
    fc.assert(
      fc.property(changed, (input) => {
        const faults = judge(schema, withoutNulls(input));
        const parsed = read(input);
        if (faults.length > 0) refused += 1;
        if (faults.length > 0) expect(parsed.ok, faults.join('; ')).toBe(false);
        else if (!parsed.ok && !unsaid(input)) expect(parsed.problems).toEqual([]);
      }),
      { numRuns: 1_500 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});
