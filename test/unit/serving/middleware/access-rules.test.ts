import { describe, expect, it } from 'vitest';
import { accessOf } from '../../../../serving/middleware/access-rules.ts';

const told = (method: string, path: string): string => {
  const access = accessOf(method, path);
  if (access.kind !== 'clients') return access.kind;
  return access.takesUsers ? `${access.scope}, users` : access.scope;
};

describe('a route', () => {
  it.each([
    ['GET', '/healthz', 'open'],
    ['HEAD', '/readyz', 'open'],
    ['GET', '/contract', 'open'],
    ['GET', '/openapi.json', 'open'],
    ['GET', '/docs', 'open'],
    ['GET', '/v1/recommendations/u%2F1', 'read, users'],
    ['HEAD', '/v1/recommendations/u1', 'read, users'],
    ['POST', '/v1/recommendations', 'read, users'],
    ['POST', '/v1/recommendations/u1/refresh', 'read, users'],
    ['POST', '/recommendations/u1/refresh', 'read, users'],
    ['GET', '/recommendations/u1', 'read, users'],
    ['GET', '/reco', 'read, users'],
    ['GET', '/recommend', 'read, users'],
    ['GET', '/v1/items/i1/similar', 'read'],
    ['GET', '/v1/items/i1', 'read'],
    ['GET', '/v1/users/u1', 'read'],
    ['DELETE', '/v1/items/i1', 'ingest'],
    ['DELETE', '/v1/users/u1', 'ingest'],
    ['POST', '/v1/events', 'ingest, users'],
    ['POST', '/v1/events:batch', 'ingest, users'],
    ['POST', '/v1/events/batch', 'ingest, users'],
    ['POST', '/v1/impressions', 'ingest, users'],
    ['POST', '/event', 'ingest, users'],
    ['POST', '/log/watch', 'ingest, users'],
    ['POST', '/log/impression', 'ingest, users'],
    ['POST', '/log/batch', 'ingest, users'],
    ['POST', '/v1/items:upsert', 'ingest'],
    ['POST', '/v1/items/upsert', 'ingest'],
    ['POST', '/v1/users:upsert', 'ingest'],
    ['POST', '/v1/users/upsert', 'ingest'],
    ['POST', '/v1/config:upsert', 'admin'],
    ['POST', '/v1/config/upsert', 'admin'],
    ['GET', '/metrics', 'admin'],
    ['GET', '/metrics/reco', 'admin'],
    ['GET', '/metrics/prometheus', 'admin'],
    ['GET', '/stream/worker', 'admin'],
    ['GET', '/analytics/baseline', 'admin'],
    ['GET', '/v1/rules', 'admin'],
    ['POST', '/v1/rules:preview', 'admin'],
    ['DELETE', '/v1/rules/r1', 'admin'],
    ['GET', '/v1/requests/r-1', 'admin'],
    ['GET', '/admin/dlq/letters', 'operators'],
  ])('%s %s is for %s', (method, path, whom) => {
    expect(told(method, path)).toBe(whom);
  });

  it.each([
    ['POST', '/healthz'],
    ['GET', '/healthz/'],
    ['GET', '/docs/secret'],
    ['GET', '/nowhere'],
    ['POST', '/v1/recommendations/u1'],
    ['POST', '/v1/recommendations/u1/other'],
    ['PUT', '/v1/items/i1'],
    ['GET', '/v1/events'],
    ['PATCH', '/v1/recommendations/u1'],
  ])('that nobody thought of is shut: %s %s', (method, path) => {
    expect(told(method, path)).toBe('admin');
  });
});
