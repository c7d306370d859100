import type { Context } from 'hono';
import { anyCaller, type Caller } from '../../domain/caller.ts';
import type { IntakeRules } from '../../domain/intake/identity.ts';
import { isTraceparent } from '../../domain/intake/traceparent.ts';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import { type Problem, problemResponse } from '../../kernel/problem.ts';
import { identityHeaders, type RequestIdentity, requestIdentity } from '../../kernel/request-id.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import type { Door } from './door.ts';
import { readJson } from './read-json.ts';

/** What a route answers: a problem, or a document with its status. */
export type Answer = { readonly problem: Problem } | { readonly status: 200 | 202; readonly document: unknown };

/** One request, as routes see it. */
export interface Call {
  /** Path parameter, percent-decoded. */
  param(name: string): string;
  query(name: string): string | undefined;
  /** Reads the body as JSON and hands it on; a body that cannot be read is answered at once. */
  withBody(use: (body: unknown) => Promise<Answer> | Answer): Promise<Answer>;
  /** What this request is judged by, and who sends it. */
  readonly rules: IntakeRules & { readonly caller: Caller };
}

export interface CallDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'httpRequests' | 'httpSeconds' | 'ingestRefused'>;
  readonly settings: SettingsSource;
  /** Asked by every request that writes. */
  readonly door: Pick<Door, 'admit'>;
  readonly random: () => number;
  readonly makeId: () => string;
  /** Why nothing can be taken yet; undefined when ready. */
  readonly unready: () => string | undefined;
}

const notReady: Problem = {
  status: 503,
  code: 'not_ready',
  detail: 'ingest has not reached its schema registry or database yet',
  retryAfterSeconds: 1,
};

/** A fault becomes an answer without details; those are logged under the request's id. */
function problemOf(error: unknown, log: Logger, fields: Record<string, unknown>): Problem {
  if (error instanceof TransientError) {
    log.warn({ ...fields, error: messageOf(error) }, 'request answered 503');
    return { status: 503, code: 'unavailable', detail: 'a server behind this one is away', retryAfterSeconds: 1 };
  }
  log.error(
    { ...fields, error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
    'request failed',
  );
  return { status: 500, code: 'internal', detail: 'this is a fault of the server; it was logged under the request id' };
}

function callOf(c: Context, deps: CallDeps): Call {
  const trace = c.req.header('traceparent');
  const caller: Caller | undefined = c.get('caller');
  return {
    param: (name) => c.req.param(name) ?? '',
    query: (name) => c.req.query(name),
    async withBody(use) {
      const result = await readJson(c.req.raw);
      return result.ok ? use(result.body) : { problem: result.problem };
    },
    rules: {
      receivedAt: deps.clock.now(),
      settingsOf: deps.settings.get,
      trace: isTraceparent(trace) ? trace : null,
      caller: caller ?? anyCaller,
    },
  };
}

/** Whoever mounts these routes may have named the request already. */
function identityOf(c: Context, makeId: () => string): RequestIdentity {
  const given: RequestIdentity | undefined = c.get('identity');
  return given ?? requestIdentity((name) => c.req.header(name), makeId);
}

async function answer(c: Context, deps: CallDeps, work: (call: Call) => Promise<Answer>): Promise<Answer> {
  if (deps.unready() !== undefined) return { problem: notReady };
  if (c.req.method === 'GET') return work(callOf(c, deps));
  const hasBody = c.req.method !== 'DELETE';
  const guest = deps.door.admit(hasBody ? c.req.header('content-length') : '0');
  if ('problem' in guest) return guest;
  try {
    return await work(callOf(c, deps));
  } finally {
    guest.leave();
  }
}

/** Clients that were refused together would come back together: each is told a time up to twice as long. */
function refused(problem: Problem, { metrics, random }: Pick<CallDeps, 'metrics' | 'random'>): Problem {
  if (problem.status !== 429 && problem.status !== 503) return problem;
  metrics.ingestRefused.inc({ code: problem.code });
  return { ...problem, retryAfterSeconds: Math.ceil((problem.retryAfterSeconds ?? 1) * (1 + random())) };
}

/** Wraps a route: identity on every answer, one error shape, metrics; not before ingest is ready, nor past its limits. */
export function answering(deps: CallDeps, route: string, work: (call: Call) => Promise<Answer>) {
  return async (c: Context): Promise<Response> => {
    const startedAt = deps.clock.monotonic();
    const identity = identityOf(c, deps.makeId);
    let given: Answer;
    try {
      given = await answer(c, deps, work);
    } catch (error) {
      given = { problem: problemOf(error, deps.log, { route, requestId: identity.requestId }) };
    }
    const response =
      'problem' in given
        ? problemResponse(refused(given.problem, deps), identity.requestId)
        : Response.json(given.document, { status: given.status });
    for (const [name, value] of Object.entries(identityHeaders(identity))) response.headers.set(name, value);
    deps.metrics.httpRequests.inc({ route, status: String(response.status) });
    deps.metrics.httpSeconds.observe({ route }, (deps.clock.monotonic() - startedAt) / 1_000);
    return response;
  };
}
