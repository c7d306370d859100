import { z } from 'zod';
import { batchLimit } from '../../../pipeline/domain/intake/request-limits.ts';
import { configDocument, item, user } from './documents.ts';
import { impression } from './impression.ts';
import { interaction, watchEvent } from './interaction.ts';
import { named } from './named.ts';
import { fieldProblem } from './problem.ts';
import { eventId, id, milliseconds } from './text.ts';

const batch = <S extends z.ZodType>(schema: S) => z.array(schema).min(1).max(batchLimit);
const partial = z.boolean().nullish().describe('False: where any is at fault nothing is stored.');

const alone = 'A member at fault rejects only itself, unless `partial` is false.';

export const eventBatch = named(
  'EventBatch',
  `Interactions, as a list or as \`events\`. ${alone}`,
  z.union([z.strictObject({ events: batch(interaction), partial }), batch(interaction)]),
);
export const impressionOrBatch = named(
  'ImpressionOrBatch',
  `A slate, or several as a list or as \`impressions\`. ${alone}`,
  z.union([impression, z.strictObject({ impressions: batch(impression), partial }), batch(impression)]),
);

/** `partial` of an upsert may be written, but not false. */
const always = z.literal(true).nullish();
const rowByRow = 'A row at fault rejects only itself.';

export const itemBatch = named(
  'ItemBatch',
  `Items, as a list or as \`items\`. ${rowByRow}`,
  z.union([z.strictObject({ items: batch(item), partial: always }), batch(item)]),
);
export const userBatch = named(
  'UserBatch',
  `Users, as a list or as \`users\`. ${rowByRow}`,
  z.union([z.strictObject({ users: batch(user), partial: always }), batch(user)]),
);
export const configBatch = named(
  'ConfigBatch',
  `Documents of configuration, as a list or as \`documents\`. ${rowByRow}`,
  z.union([z.strictObject({ documents: batch(configDocument), partial: always }), batch(configDocument)]),
);

const logList = <S extends z.ZodType>(schema: S) => z.array(schema).max(batchLimit).optional();
const list = (name: string) => z.looseObject({ [name]: z.array(z.unknown()).min(1) });
const someOf = [list('impressions'), list('watches'), list('events')];

export const logBatch = named(
  'LogBatch',
  `Slates, watches and interactions in one request, ${batchLimit} together, one at least. ${alone.split(',')[0]}.`,
  z
    .strictObject({ impressions: logList(impression), watches: logList(watchEvent), events: logList(interaction) })
    .refine((body) => someOf.some((one) => one.safeParse(body).success))
    .meta({
      anyOf: ['impressions', 'watches', 'events'].map((name) => ({
        properties: { [name]: { type: 'array', minItems: 1 } },
        required: [name],
      })),
    }),
);

export const eventResult = named(
  'EventResult',
  'What became of one event. `accepted` means committed.',
  z.object({
    event_id: eventId.nullable().describe('Null where it had no well-formed one.'),
    status: z.enum(['accepted', 'duplicate', 'rejected']),
    received_at: milliseconds.optional().describe('With `accepted`: what `reflects` of a list will carry.'),
    error: fieldProblem.optional().describe('With `rejected`: the first thing that is wrong.'),
  }),
);
const results = z.array(eventResult).describe('One a member, in their order.');
export const eventResults = named('EventResults', 'What became of each event.', z.object({ results }));
/** A slate answers its result, a batch of them a list. */
export const impressionAnswer = named(
  'ImpressionAnswer',
  'The result of one slate, or a list of results.',
  z.union([eventResults, eventResult]),
);
export const logResults = named(
  'LogResults',
  'Results under the names of the lists that were sent.',
  z.object({ impressions: results.optional(), watches: results.optional(), events: results.optional() }),
);

const rowResult = <N extends string>(name: N) =>
  z.object({
    [name as string]: id.nullable(),
    status: z.enum(['accepted', 'unchanged', 'stale', 'rejected']),
    revision: z.int().optional(),
    error: fieldProblem.optional(),
  });
const outcome = '`stale`: a newer one is stored already. `unchanged`: this one is.';

export const itemResult = named('ItemResult', `What became of one item. ${outcome}`, rowResult('item_id'));
export const userResult = named('UserResult', `What became of one user. ${outcome}`, rowResult('user_id'));
export const configResult = named('ConfigResult', `What became of one document. ${outcome}`, rowResult('id'));
const rows = <S extends z.ZodType>(schema: S) =>
  z.object({ results: z.array(schema).describe('One a row, in order.') });
export const itemResults = named('ItemResults', 'What became of each item.', rows(itemResult));
export const userResults = named('UserResults', 'What became of each user.', rows(userResult));
export const configResults = named('ConfigResults', 'What became of each document.', rows(configResult));
