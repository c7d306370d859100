import type { ApiScope } from '../../pipeline/stores/api-key.ts';

/** Whom a route is for. */
export type Access =
  /** Everybody. */
  | { readonly kind: 'open' }
  /** Operators, who have tokens of their own and are asked for them there. */
  | { readonly kind: 'operators' }
  /** Keys with the scope, and tokens of users where it says so: the route itself holds them to their own id. */
  | { readonly kind: 'clients'; readonly scope: ApiScope; readonly takesUsers: boolean };

const open: Access = { kind: 'open' };
const operators: Access = { kind: 'operators' };
const clients = (scope: ApiScope, takesUsers = false): Access => ({ kind: 'clients', scope, takesUsers });
const lists = clients('read', true);
const rows = clients('read');
const events = clients('ingest', true);
const documents = clients('ingest');
const admin = clients('admin');

const exact: ReadonlyMap<string, Access> = new Map([
  ...['/healthz', '/readyz', '/contract', '/openapi.json', '/docs'].map((path) => [`GET ${path}`, open] as const),
  ...['/reco', '/recommend'].map((path) => [`GET ${path}`, lists] as const),
  ['POST /v1/recommendations', lists],
  ...['/v1/events', '/v1/events:batch', '/v1/events/batch', '/v1/impressions'].map(
    (path) => [`POST ${path}`, events] as const,
  ),
  ...['/event', '/log/impression', '/log/watch', '/log/batch'].map((path) => [`POST ${path}`, events] as const),
  ...['items', 'users'].flatMap((kind) =>
    [':upsert', '/upsert'].map((verb) => [`POST /v1/${kind}${verb}`, documents] as const),
  ),
]);

const listPaths = ['/v1/recommendations/', '/recommendations/'];
const rowPaths = ['/v1/items/', '/v1/users/'];
const beginsWith = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => path.startsWith(prefix));

function byPrefix(method: string, path: string): Access {
  if (beginsWith(path, listPaths) && (method === 'GET' || (method === 'POST' && path.endsWith('/refresh'))))
    return lists;
  if (beginsWith(path, rowPaths)) {
    if (method === 'GET') return rows;
    if (method === 'DELETE') return documents;
  }
  return path.startsWith('/admin/') ? operators : admin;
}

/**
 * Whom a route is for, by method and path as the router sees it. What is not named here is for keys with the scope
 * admin: a route that nobody thought of is shut, not open.
 */
export function accessOf(method: string, path: string): Access {
  const verb = method === 'HEAD' ? 'GET' : method;
  // The hot route first; it is in no map, for it holds an id.
  if (verb === 'GET' && path.startsWith('/v1/recommendations/')) return lists;
  return exact.get(`${verb} ${path}`) ?? byPrefix(verb, path);
}
