import { describe, expect, it } from 'vitest';
import { problemContentType, problemResponse } from '../../../pipeline/kernel/problem.ts';
import { identityHeaders, requestIdentity } from '../../../pipeline/kernel/request-id.ts';

describe('an error answer', () => {
  it('is a problem document with code, path, limit and request id', async () => {
    const problem = { status: 413, code: 'body_too_large', detail: 'too large', path: '$', limit: 10 };
    const response = problemResponse(problem, 'req-1');
    expect([response.status, response.headers.get('content-type')]).toEqual([413, problemContentType]);
    expect(await response.json()).toEqual({
      type: 'urn:freshet:problem:body_too_large',
      title: 'Too large',
      status: 413,
      code: 'body_too_large',
      detail: 'too large',
      path: '$',
      limit: 10,
      request_id: 'req-1',
    });
  });

  it('says when to repeat', () => {
    const problem = { status: 503, code: 'unavailable', detail: 'away', retryAfterSeconds: 2 };
    expect(problemResponse(problem, 'r').headers.get('retry-after')).toBe('2');
  });
});

describe('a request id', () => {
  const identity = (headers: Record<string, string>) =>
    requestIdentity(
      (name) => headers[name],
      () => 'made',
    );

  it('is taken where it is well formed', () => {
    expect(identity({ 'x-request-id': 'a-1', 'x-correlation-id': 'b:2' })).toEqual({
      requestId: 'a-1',
      correlationId: 'b:2',
    });
  });

  it.each(['', 'a b', 'a\r\nb', 'ü', 'x'.repeat(129)])('is made where it is %j', (id) => {
    expect(identity({ 'x-request-id': id, 'x-correlation-id': id })).toEqual({
      requestId: 'made',
      correlationId: 'made',
    });
  });

  it('stands in every answer', () => {
    expect(identityHeaders({ requestId: 'a', correlationId: 'b' })).toEqual({
      'X-Request-ID': 'a',
      'X-Correlation-ID': 'b',
    });
  });
});
