import { anyCaller, type Caller, homeOf } from '../../domain/caller.ts';
import type { FieldProblem } from '../../domain/intake/fields.ts';
import { eventIdOf, type IntakeRules } from '../../domain/intake/identity.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { RecentEvents, RecentInteraction } from '../../stores/recent-events.ts';
import type { Unit } from './commit-units.ts';
import type { GroupCommit, StoredResult } from './group-commit.ts';
import type { PreparedEvent, PrepareEvent } from './prepare-event.ts';
import { notValid, submitProblem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Member } from './read-batch.ts';

/** One event's answer. */
export interface EventResult {
  /** Null where the event had no well-formed one. */
  readonly event_id: string | null;
  readonly status: 'accepted' | 'duplicate' | 'rejected';
  /** With `accepted`: the server's clock, milliseconds since the epoch; what `reflects` will carry. */
  readonly received_at?: number;
  /** With `rejected`: the first thing that is wrong. */
  readonly error?: FieldProblem;
}

export interface IncomingEvent extends Member {
  readonly kind: 'interaction' | 'impression';
  readonly prepare: PrepareEvent;
}

export interface AcceptEventsDeps {
  readonly commits: Pick<GroupCommit, 'submit'>;
  readonly rates: Pick<RateLimits, 'take' | 'takeOwn'>;
  readonly recent: RecentEvents;
  readonly metrics: Pick<Metrics, 'ingestResults'>;
  /** In metrics; `http` by default. */
  readonly doorName?: string;
}

export type Accepted<R> = { readonly results: readonly R[] } | { readonly problem: Problem };

/** The same event twice in one batch is a mistake of the sender: which of the two was meant is not for us to say. */
function duplicateInBatch(events: readonly IncomingEvent[], caller: Caller): Problem | undefined {
  const seen = new Set<string>();
  const home = homeOf(caller);
  for (const { input, path } of events) {
    const eventId = eventIdOf(input);
    if (eventId === null) continue;
    const key = `${(input as Record<string, unknown>).namespace ?? home}|${eventId}`;
    const detail = 'an event_id comes twice in this batch; nothing was stored';
    if (seen.has(key)) return { status: 400, code: 'duplicate_in_batch', detail, path: `${path}.event_id` };
    seen.add(key);
  }
  return undefined;
}

function unitsOf(prepared: readonly PreparedEvent[], isAtomic: boolean): Unit[] {
  const entries = prepared.flatMap((one) => (one.ok ? [one.entry] : []));
  return isAtomic ? [{ entries }] : entries.map((entry) => ({ entries: [entry] }));
}

const notStorable = (path: string): FieldProblem => ({
  code: 'not_storable',
  path,
  message: 'holds a value that cannot be stored',
});

function resultOf(
  event: IncomingEvent,
  prepared: PreparedEvent,
  stored: StoredResult | undefined,
  receivedAt: number,
): EventResult {
  const eventId = eventIdOf(event.input);
  if (stored === 'accepted') return { event_id: eventId, status: stored, received_at: receivedAt };
  if (stored === 'duplicate') return { event_id: eventId, status: stored };
  const error = prepared.ok ? notStorable(event.path) : (prepared.problems[0] as FieldProblem);
  return { event_id: eventId, status: 'rejected', error };
}

const takeOf = ({ rates }: AcceptEventsDeps, events: readonly IncomingEvent[], caller: Caller) =>
  rates.take(
    events.map(({ input }) => input),
    caller,
  );

const fitOf = (events: readonly IncomingEvent[], prepared: readonly PreparedEvent[]) =>
  events.filter((_, index) => prepared[index]?.ok);

/**
 * Validates, stores and answers events of one request, in order. A bad event rejects only itself, unless the
 * request is atomic. The answer comes after the commit: `accepted` means that nothing can lose it any more.
 */
export async function acceptEvents(
  deps: AcceptEventsDeps,
  events: readonly IncomingEvent[],
  isAtomic: boolean,
  rules: IntakeRules,
): Promise<Accepted<EventResult>> {
  const { caller = anyCaller } = rules;
  const twice = duplicateInBatch(events, caller);
  if (twice) return { problem: twice };
  const isUser = caller.userId !== null;
  const limited = isUser ? deps.rates.takeOwn(events.length, caller) : takeOf(deps, events, caller);
  if (limited) return { problem: limited };
  const prepared = events.map((event) => event.prepare(event, rules));
  const faults = prepared.flatMap((one) => (one.ok ? [] : one.problems));
  if (isAtomic ? faults.length > 0 : prepared.every(({ ok }) => !ok)) {
    events.forEach((event, index) => {
      const one = prepared[index];
      if (one && !one.ok)
        count(deps, event, { event_id: null, status: 'rejected', error: one.problems[0] as FieldProblem });
    });
    return { problem: notValid(faults) };
  }
  // What a user may not send, or sends in a bad shape, takes nothing from those it shares the namespace with.
  const shared = isUser ? takeOf(deps, fitOf(events, prepared), caller) : undefined;
  if (shared) return { problem: shared };
  const answer = await deps.commits.submit(unitsOf(prepared, isAtomic));
  if (answer.kind !== 'stored') return { problem: submitProblem(answer.kind) };
  return answerStored(deps, { events, prepared, stored: answer.results, receivedAt: rules.receivedAt });
}

interface StoredEvents {
  readonly events: readonly IncomingEvent[];
  readonly prepared: readonly PreparedEvent[];
  /** One a prepared event that is fit, in order. */
  readonly stored: readonly StoredResult[];
  readonly receivedAt: number;
}

async function answerStored(
  deps: AcceptEventsDeps,
  { events, prepared, stored, receivedAt }: StoredEvents,
): Promise<Accepted<EventResult>> {
  const next = stored.values();
  const recent: RecentInteraction[] = [];
  const results = events.map((event, index) => {
    const one = prepared[index] as PreparedEvent;
    const outcome = one.ok ? next.next().value : undefined;
    if (one.ok && one.recent && outcome === 'accepted') recent.push(one.recent);
    const result = resultOf(event, one, outcome, receivedAt);
    count(deps, event, result);
    return result;
  });
  if (recent.length > 0) await deps.recent.append(recent);
  const errors = results.flatMap(({ error }) => (error ? [error] : []));
  return errors.length === results.length ? { problem: notValid(errors) } : { results };
}

function count(deps: AcceptEventsDeps, { kind }: IncomingEvent, { status, error }: EventResult): void {
  const { metrics, doorName: door = 'http' } = deps;
  metrics.ingestResults.inc({ door, kind, result: status, code: error?.code ?? '' });
}
