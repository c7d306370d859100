import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Problem, problemContentType, problemDocument, problemResponse } from '../pipeline/kernel/problem.ts';
import { identityHeaders } from '../pipeline/kernel/request-id.ts';

export const malformed: Problem = {
  status: 400,
  code: 'malformed_request',
  detail: 'This is not a well-formed HTTP request.',
};

/** What happened to a request that should not have. */
export const internal: Problem = {
  status: 500,
  code: 'internal',
  detail: 'The request failed for a reason on our side. Name the request id when you report it.',
};

const byCode: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'request_timeout', detail: 'The request was not sent in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'headers_too_large', detail: 'The headers of the request are too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, code: 'body_too_large', detail: 'The chunk extensions are too large.' },
};

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

/** Answers what Node's parser refuses, in the shape of every other error, and closes the connection. */
export function onClientError(makeId: () => string) {
  return function answerClientError(error: Error & { code?: string }, socket: Socket): void {
    // What was answered already must not be followed by a second answer.
    const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse | null };
    if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
      socket.destroy(error);
      return;
    }
    const problem = byCode[error.code ?? ''] ?? malformed;
    const requestId = makeId();
    const body = JSON.stringify(problemDocument(problem, requestId));
    const head = [
      `HTTP/1.1 ${problem.status} ${reasons[problem.status]}`,
      `content-type: ${problemContentType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      ...Object.entries(identityHeaders({ requestId, correlationId: requestId })).map(([name, id]) => `${name}: ${id}`),
      'connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}

/** For what the parser lets through and no request can be made of, such as a wrong Host header. */
export function unservedResponse(problem: Problem, requestId: string): Response {
  const response = problemResponse(problem, requestId);
  for (const [name, id] of Object.entries(identityHeaders({ requestId, correlationId: requestId }))) {
    response.headers.set(name, id);
  }
  return response;
}
