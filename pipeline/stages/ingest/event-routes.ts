import { isObject } from '../../domain/intake/fields.ts';
import { batchLimit } from '../../domain/intake/request-limits.ts';
import type { Problem } from '../../kernel/problem.ts';
import { type AcceptEventsDeps, acceptEvents, type EventResult, type IncomingEvent } from './accept-events.ts';
import type { Answer, Call } from './call.ts';
import { type EventWriters, type PrepareEvent, prepareImpression, prepareInteraction } from './prepare-event.ts';
import { batchProblem, type Member, membersOf, readBatch, readPartial } from './read-batch.ts';

export interface EventRoutesDeps extends AcceptEventsDeps {
  /** Called once ingest is ready. */
  readonly writers: () => EventWriters;
}

type Kind = IncomingEvent['kind'];

/** One event as the whole body: its result is the answer. */
async function acceptOne(deps: EventRoutesDeps, call: Call, event: IncomingEvent): Promise<Answer> {
  const accepted = await acceptEvents(deps, [event], false, call.rules);
  if ('problem' in accepted) return accepted;
  return { status: 202, document: accepted.results[0] };
}

async function acceptBatch(
  deps: EventRoutesDeps,
  call: Call,
  body: unknown,
  { kind, prepare, list }: { readonly kind: Kind; readonly prepare: PrepareEvent; readonly list: string },
): Promise<Answer> {
  const result = readBatch(body, list, call.query('partial'));
  if (!result.ok) return { problem: result.problem };
  const { members, isAtomic } = result.batch;
  const events = members.map((member): IncomingEvent => ({ ...member, kind, prepare }));
  const accepted = await acceptEvents(deps, events, isAtomic, call.rules);
  return 'problem' in accepted ? accepted : { status: 202, document: { results: accepted.results } };
}

const whole = (input: unknown): Member => ({ input, path: '$' });

const logLists = ['impressions', 'watches', 'events'] as const;

function logProblem(body: Readonly<Record<string, unknown>>): Problem | undefined {
  const given = logLists.filter((name) => body[name] !== undefined);
  if (given.length === 0 || Object.keys(body).some((name) => !logLists.some((list) => list === name))) {
    const detail = `the body must be an object with ${logLists.join(', ')} and nothing else`;
    return { status: 400, code: 'malformed_batch', detail, path: '$' };
  }
  for (const name of given) {
    const problem = batchProblem(body[name], `$.${name}`);
    if (problem && problem.code !== 'too_few') return problem;
  }
  const count = given.reduce((sum, name) => sum + (body[name] as unknown[]).length, 0);
  const detail = `the lists have more than ${batchLimit} members together`;
  if (count > batchLimit) return { status: 413, code: 'batch_too_large', detail, path: '$', limit: batchLimit };
  return count > 0 ? undefined : { status: 400, code: 'too_few', detail: 'the lists are empty', path: '$', limit: 1 };
}

/** `{ impressions?, watches?, events? }`: one transaction, results under the same names. */
async function acceptLog(deps: EventRoutesDeps, call: Call, body: unknown): Promise<Answer> {
  if (!isObject(body)) {
    return { problem: { status: 400, code: 'malformed_batch', detail: 'the body must be an object', path: '$' } };
  }
  const problem = logProblem(body);
  if (problem) return { problem };
  const writers = deps.writers();
  const prepare = {
    impressions: prepareImpression(writers),
    watches: prepareInteraction(writers, 'watch'),
    events: prepareInteraction(writers),
  };
  const lists = logLists.map((name) => {
    const kind: Kind = name === 'impressions' ? 'impression' : 'interaction';
    const members = membersOf((body[name] ?? []) as unknown[], `$.${name}`);
    return members.map((member): IncomingEvent => ({ ...member, kind, prepare: prepare[name] }));
  });
  const accepted = await acceptEvents(deps, lists.flat(), false, call.rules);
  if ('problem' in accepted) return accepted;
  const results = [...accepted.results];
  const document: Record<string, EventResult[]> = {};
  logLists.forEach((name, index) => {
    if (body[name] !== undefined) document[name] = results.splice(0, lists[index]?.length ?? 0);
  });
  return { status: 202, document };
}

/** What each event route does with a call. */
export function eventRoutes(deps: EventRoutesDeps) {
  const interaction = { kind: 'interaction', list: 'events' } as const;
  const impression = { kind: 'impression', list: 'impressions' } as const;
  const one = (kind: Kind, prepare: () => PrepareEvent) => (call: Call) =>
    call.withBody((body) => acceptOne(deps, call, { ...whole(body), kind, prepare: prepare() }));
  return {
    batch: (call: Call) =>
      call.withBody((body) =>
        acceptBatch(deps, call, body, { ...interaction, prepare: prepareInteraction(deps.writers()) }),
      ),
    event: one('interaction', () => prepareInteraction(deps.writers())),
    watch: one('interaction', () => prepareInteraction(deps.writers(), 'watch')),
    impression: one('impression', () => prepareImpression(deps.writers())),
    /** A slate, or a batch of slates. */
    impressions: (call: Call) =>
      call.withBody((body) => {
        const prepare = prepareImpression(deps.writers());
        const isBatch = Array.isArray(body) || (isObject(body) && body.impressions !== undefined);
        if (isBatch) return acceptBatch(deps, call, body, { ...impression, prepare });
        const isAtomic = readPartial(call.query('partial'), undefined);
        if (typeof isAtomic !== 'boolean') return { problem: isAtomic };
        return acceptOne(deps, call, { ...whole(body), kind: 'impression', prepare });
      }),
    log: (call: Call) => call.withBody((body) => acceptLog(deps, call, body)),
  };
}
