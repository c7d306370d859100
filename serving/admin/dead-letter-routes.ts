import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import { addressShape, parseAddress } from '../../pipeline/domain/dead-letter-address.ts';
import type { AdminToken } from '../../pipeline/kernel/admin-tokens.ts';
import type { Clock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { isTooDeep, tooDeep } from '../../pipeline/kernel/json-depth.ts';
import type { Logger } from '../../pipeline/kernel/logger.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { refuse, refuseFields } from '../routes/refuse.ts';
import { cursorOf } from './cursor.ts';
import { letterDocument, resultDocument, summaryDocument, viewDocument } from './documents.ts';
import { operatorsOnly } from './operator.ts';
import { discardBody, limits, listQuery, problemsOf, redriveBody, summaryQuery } from './requests.ts';
import type { DeadLetterVerbs, RunResult } from './verbs.ts';

export interface DeadLetterRouteDeps {
  readonly verbs: DeadLetterVerbs;
  readonly tokens: readonly AdminToken[];
  readonly measure: Measure;
  readonly clock: Clock;
  readonly log: Logger;
}

const bodyBytes = 262_144;
const lettersPath = '/admin/dlq/letters/';
const noStore = { 'cache-control': 'no-store' };

/** `/admin/dlq/*`: the verbs of `freshet dlq` for operators with a token. */
export function deadLetterRoutes(deps: DeadLetterRouteDeps): Hono<IdentityEnv> {
  const { verbs, tokens, measure } = deps;
  const app = new Hono<IdentityEnv>();
  const only = operatorsOnly(tokens);
  const small = bodyLimit({
    maxSize: bodyBytes,
    onError: (c) => refuse(c, { ...tooLarge, limit: bodyBytes }),
  });
  app.get('/admin/dlq/summary', measure('admin/dlq/summary'), only, async (c) => {
    const query = summaryQuery.safeParse(c.req.query());
    if (!query.success) return refuseFields(c, problemsOf('query', query.error.issues));
    return c.json({ rows: (await verbs.summary(query.data)).map(summaryDocument) }, 200, noStore);
  });
  app.get('/admin/dlq/letters', measure('admin/dlq/letters'), only, (c) => list(c, verbs));
  app.get(`${lettersPath}:id{[\\s\\S]+}`, measure('admin/dlq/letter'), only, (c) => show(c, verbs));
  app.post('/admin/dlq/redrive', measure('admin/dlq/redrive'), only, small, (c) => redrive(c, deps));
  app.post('/admin/dlq/discard', measure('admin/dlq/discard'), only, small, (c) => discard(c, deps));
  return app;
}

const tooLarge = { status: 413, code: 'body_too_large', detail: `The body has more than ${bodyBytes} bytes.` };

async function list(c: Context<IdentityEnv>, verbs: DeadLetterVerbs): Promise<Response> {
  const query = listQuery.safeParse(c.req.query());
  if (!query.success) return refuseFields(c, problemsOf('query', query.error.issues));
  const { filter, limit, ...page } = query.data;
  const found = await verbs.list(filter, { ...page, limit: limit + 1 });
  const letters = found.slice(0, limit);
  const last = found.length > limit ? letters.at(-1) : undefined;
  return c.json({ letters: letters.map(letterDocument), next_cursor: last ? cursorOf(last) : null }, 200, noStore);
}

/** Ids hold slashes, written as they are or as `%2F`. */
function idOf(c: Context): string {
  const { pathname } = new URL(c.req.url);
  try {
    return decodeURIComponent(pathname.slice(lettersPath.length));
  } catch {
    return '';
  }
}

async function show(c: Context<IdentityEnv>, verbs: DeadLetterVerbs): Promise<Response> {
  const key = parseAddress(idOf(c));
  if (key === undefined) {
    const detail = `path.id must be an id as lists have it: ${addressShape}.`;
    return refuse(c, { status: 400, code: 'malformed', detail, path: 'path.id' });
  }
  const view = await verbs.show(key);
  if (view === undefined) {
    return refuse(c, { status: 404, code: 'dead_letter_unknown', detail: 'There is no dead letter of this id.' });
  }
  return c.json(viewDocument(view), 200, noStore);
}

async function redrive(c: Context<IdentityEnv>, deps: DeadLetterRouteDeps): Promise<Response> {
  const body = await bodyOf(c, redriveBody);
  if (body instanceof Response) return body;
  const { request, isDry, reason } = body;
  const actor = { operator: c.get('operator') ?? 'unknown', reason };
  const done = isDry ? 'would_be_redriven' : 'redriven';
  return answer(c, deps, done, (signal) => {
    const bounded = { ...request, signal };
    return isDry ? deps.verbs.rehearse(bounded) : deps.verbs.redrive(bounded, actor);
  });
}

async function discard(c: Context<IdentityEnv>, deps: DeadLetterRouteDeps): Promise<Response> {
  const body = await bodyOf(c, discardBody);
  if (body instanceof Response) return body;
  const actor = { operator: c.get('operator') ?? 'unknown', reason: body.reason };
  return answer(c, deps, 'discarded', (signal) => deps.verbs.discard({ ...body.request, signal }, actor));
}

async function bodyOf<S extends z.ZodType>(c: Context<IdentityEnv>, schema: S): Promise<z.output<S> | Response> {
  let given: unknown;
  try {
    given = JSON.parse(await c.req.text());
  } catch {
    return refuse(c, { status: 400, code: 'malformed_json', detail: 'The body is not JSON in UTF-8.' });
  }
  if (isTooDeep(given)) return refuse(c, tooDeep);
  const parsed = schema.safeParse(given);
  return parsed.success ? parsed.data : refuseFields(c, problemsOf('$', parsed.error.issues));
}

/** Ends the run at its next batch when the client goes away or the time is over: the result says so. */
async function answer(
  c: Context<IdentityEnv>,
  { clock, log }: DeadLetterRouteDeps,
  done: string,
  run: (signal: AbortSignal) => Promise<RunResult>,
): Promise<Response> {
  const answered = new AbortController();
  const over = new AbortController();
  const timer = clock.sleep(limits.seconds * 1_000, answered.signal).then(() => {
    if (!answered.signal.aborted) over.abort();
  });
  try {
    const result = await run(AbortSignal.any([c.req.raw.signal, over.signal]));
    if (result.failure === null) return c.json(resultDocument(done, result), 200, noStore);
    log.warn({ verb: done, settled: result.settled, ...result.failure }, 'a run over dead letters ended by a failure');
    return refuse(c, {
      status: 503,
      code: 'incomplete',
      detail: `Something that this needs is away (${result.failure.code}). ${result.settled} were ${done} before; repeat the request for the rest.`,
      retryAfterSeconds: 1,
    });
  } catch (error) {
    if (!(error instanceof FreshetError) || error.code !== 'topic_unknown') throw error;
    return refuse(c, { status: 400, code: error.code, detail: `${error.message}.`, path: '$.to' });
  } finally {
    answered.abort();
    await timer;
  }
}
