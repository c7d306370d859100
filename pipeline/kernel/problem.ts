/** What is wrong with one field of a request, as a value. Never holds what the client sent. */
export interface FieldProblem {
  /** Stable, snake_case; clients may branch on it. */
  readonly code: string;
  /** JSON path of the field, such as `$.events[3].user_id`. */
  readonly path: string;
  /** For people. */
  readonly message: string;
  /** The bound that was passed or missed, where there is one. */
  readonly limit?: number;
}

/** An error answer before it is written: the only error shape of the product (RFC 9457). */
export interface Problem {
  readonly status: number;
  /** Stable, snake_case; clients may branch on it. */
  readonly code: string;
  /** What happened and what to do about it; never the payload, never a stack trace. */
  readonly detail: string;
  readonly path?: string;
  readonly limit?: number;
  /** Every field at fault, where there are several. */
  readonly errors?: readonly FieldProblem[];
  /** Seconds after which repeating may help; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

export const problemContentType = 'application/problem+json';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many requests',
  431: 'Too large',
  500: 'Internal error',
  503: 'Not available',
};

/** The document of an error answer; members follow RFC 9457, ours are extension members. */
export function problemDocument(problem: Problem, requestId: string): Readonly<Record<string, unknown>> {
  const { status, code, detail, path, limit, errors } = problem;
  return {
    type: `urn:freshet:problem:${code}`,
    title: titles[status] ?? 'Error',
    status,
    code,
    detail,
    ...(path === undefined ? {} : { path }),
    ...(limit === undefined ? {} : { limit }),
    ...(errors === undefined ? {} : { errors }),
    request_id: requestId,
  };
}

/** The error answer itself. The identity headers are added where every response gets them. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const headers: Record<string, string> = { 'content-type': problemContentType };
  if (problem.retryAfterSeconds !== undefined) headers['retry-after'] = String(problem.retryAfterSeconds);
  return new Response(JSON.stringify(problemDocument(problem, requestId)), { status: problem.status, headers });
}
