import { z } from 'zod';
import { addressPattern, addressShape, parseAddress } from '../../pipeline/domain/dead-letter-address.ts';
import type { FieldProblem } from '../../pipeline/kernel/problem.ts';
import type { DeadLetterFilter } from '../../pipeline/stores/dead-letter.ts';
import { positionOf } from './cursor.ts';

export const limits = { letters: 10_000, names: 1_000, list: 1_000, seconds: 60 } as const;

const text = z
  .string()
  .min(1)
  .max(500)
  .refine((value) => !value.includes('\u0000'), 'must not hold NUL')
  .meta({ pattern: '^[^\\u0000]*$' });
const instant = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
const whole = (most: number) => z.int().min(1).max(most);

const filterFields = {
  stage: text.optional(),
  state_version: z.int().min(0).optional(),
  reason: text.optional(),
  topic: text.optional(),
  since: instant.optional(),
  until: instant.optional(),
  key: text.optional(),
  event_id: text.optional(),
  text: text.optional(),
};
const filterSchema = z.strictObject(filterFields);

const filterOf = (given: z.output<typeof filterSchema>): DeadLetterFilter => {
  const { state_version: stateVersion, since: from, until: to, key, event_id: eventId, ...same } = given;
  const filter = { ...same, stateVersion, from, to, eventId, key: key === undefined ? undefined : Buffer.from(key) };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
};

const number = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
const status = z.enum(['open', 'redriven', 'discarded', 'all']);
/** As they come in a query: text. */
const queryFields = { ...filterFields, state_version: number.optional() };

export const summaryQuery = z
  .strictObject({ ...queryFields, status: status.default('all') })
  .transform(({ status: one, ...filter }) => withStatus(filterOf(filter), one));

export const listQuery = z
  .strictObject({
    ...queryFields,
    status: status.default('open'),
    limit: number.pipe(whole(limits.list)).default(100),
    after: z
      .string()
      .transform((cursor) => positionOf(cursor))
      .refine((position) => position !== undefined, 'must be the next_cursor of a list')
      .optional(),
  })
  .transform(({ status: one, limit, after, ...filter }) => ({
    filter: withStatus(filterOf(filter), one),
    limit,
    ...(after === undefined ? {} : { after }),
  }));

function withStatus(filter: DeadLetterFilter, one: z.output<typeof status>): DeadLetterFilter {
  return one === 'all' ? filter : { ...filter, status: one };
}

const address = z
  .string()
  .meta({ pattern: addressPattern.source })
  .transform((id) => parseAddress(id))
  .refine((key) => key !== undefined, `must be an id as lists have it: ${addressShape}`);

const changeFields = {
  ids: z.array(address).min(1).max(limits.names).optional(),
  filter: filterSchema.optional(),
  all: z.literal(true).optional(),
  limit: whole(limits.letters).default(1_000),
  reason: text.optional(),
};
type Change = z.output<z.ZodObject<typeof changeFields>>;

const isFilter = (filter: Change['filter']) => filter !== undefined && Object.keys(filter).length > 0;

/** Nothing is chosen by accident. */
const choosesOneWay = ({ ids, filter, all }: Pick<Change, 'ids' | 'filter' | 'all'>) =>
  [ids !== undefined, isFilter(filter), all === true].filter(Boolean).length === 1;
const oneWay = { path: [], message: 'must have one of ids, filter with at least one member, or all: true' };
const why = { path: ['reason'], message: 'is required: why, for the audit', params: { code: 'required' } };

const selectionOf = ({ ids, filter }: Pick<Change, 'ids' | 'filter'>) =>
  ids === undefined ? { filter: filterOf(filter ?? {}) } : { keys: ids.filter((key) => key !== undefined) };

export const discardBody = z
  .strictObject(changeFields)
  .refine(choosesOneWay, oneWay)
  .refine(({ reason }) => reason !== undefined, why)
  .transform((body) => ({ request: { selection: selectionOf(body), limit: body.limit }, reason: body.reason ?? '' }));

export const redriveBody = z
  .strictObject({
    ...changeFields,
    rate: whole(1_000_000).optional(),
    to: text.optional(),
    max_redrives: whole(1_000).default(3),
    force: z.boolean().default(false),
    dry_run: z.boolean().default(false),
  })
  .refine(choosesOneWay, oneWay)
  .refine(({ reason, dry_run }) => dry_run || reason !== undefined, why)
  .refine(({ limit, rate }) => rate === undefined || limit <= rate * limits.seconds, {
    path: ['limit'],
    message: `must be done within ${limits.seconds} seconds at that rate`,
  })
  .transform(({ rate, to, max_redrives: maxRedrives, force, dry_run: isDry, ...body }) => ({
    request: {
      selection: selectionOf(body),
      limit: body.limit,
      maxRedrives,
      force,
      ...(rate === undefined ? {} : { ratePerSecond: rate }),
      ...(to === undefined ? {} : { to }),
    },
    isDry,
    reason: body.reason ?? '',
  }));

const codes: Readonly<Record<string, string>> = {
  invalid_type: 'wrong_type',
  unrecognized_keys: 'unknown_field',
  too_big: 'out_of_range',
  too_small: 'out_of_range',
};

/** The faults that zod found, under paths such as `$.filter.since` or `query.limit`. */
export function problemsOf(root: '$' | 'query', issues: readonly z.core.$ZodIssue[]): FieldProblem[] {
  return issues.map((issue) => {
    const path = [root, ...issue.path.map(String)].join('.');
    const limit = issue.code === 'too_big' ? { limit: Number(issue.maximum) } : {};
    const own = issue.code === 'custom' ? issue.params?.code : codes[issue.code];
    return { code: typeof own === 'string' ? own : 'malformed', path, message: lower(issue.message), ...limit };
  });
}

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);
