import type { Hono } from 'hono';
import type { Metrics } from '../../kernel/metrics.ts';
import type { DocumentReader } from '../../stores/documents.ts';
import type { RecentEvents } from '../../stores/recent-events.ts';
import { type Answer, answering, type Call, type CallDeps } from './call.ts';
import { documentRoutes } from './document-routes.ts';
import { eventRoutes } from './event-routes.ts';
import type { GroupCommit } from './group-commit.ts';
import type { RateLimits } from './rate-limits.ts';
import type { IngestWriters } from './writers.ts';

export interface RoutesDeps extends CallDeps {
  readonly commits: Pick<GroupCommit, 'submit'>;
  readonly rates: RateLimits;
  readonly recent: RecentEvents;
  readonly reader: DocumentReader;
  readonly metrics: Metrics;
  readonly writers: () => IngestWriters;
}

/** Every path of the door. A path ends in `:verb` as in `/`, and the short ones are names that others use. */
export function addRoutes(app: Hono, deps: RoutesDeps): void {
  const events = eventRoutes({ ...deps, writers: () => deps.writers().events });
  const documents = documentRoutes({ ...deps, writers: () => deps.writers().documents });
  const post = (route: string, paths: readonly string[], work: (call: Call) => Promise<Answer>) => {
    for (const path of paths) app.post(path, answering(deps, route, work));
  };
  post('events:batch', ['/v1/events:batch', '/v1/events/batch'], events.batch);
  post('events', ['/v1/events', '/event'], events.event);
  post('impressions', ['/v1/impressions'], events.impressions);
  post('log/impression', ['/log/impression'], events.impression);
  post('log/watch', ['/log/watch'], events.watch);
  post('log/batch', ['/log/batch'], events.log);
  post('items:upsert', ['/v1/items:upsert', '/v1/items/upsert'], documents.upsert('item'));
  post('users:upsert', ['/v1/users:upsert', '/v1/users/upsert'], documents.upsert('user'));
  post('config:upsert', ['/v1/config:upsert', '/v1/config/upsert'], documents.upsert('config'));
  app.delete('/v1/rules/:id', answering(deps, 'rules/id', documents.removeRule));
  for (const kind of ['item', 'user'] as const) {
    const path = `/v1/${kind}s/:id`;
    app.get(path, answering(deps, `${kind}s/id`, documents.show(kind)));
    app.delete(path, answering(deps, `${kind}s/id`, documents.remove(kind)));
  }
}
