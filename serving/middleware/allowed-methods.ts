import type { Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Methods to offer in `Allow`, not to judge rights by; none where there is no such path. A path that routes have literally is theirs
 * alone: `/v1/items/upsert` takes POST, though an item of that name could be read there.
 */
export function allowedMethods(routes: Hono['routes']): (path: string) => readonly string[] {
  const router = new TrieRouter<string>();
  const literal = new Map<string, Set<string>>();
  for (const { method, path } of routes) {
    if (method === 'ALL') continue;
    router.add(method, path, method);
    literal.set(path, (literal.get(path) ?? new Set()).add(method));
  }
  return (path) =>
    methods.filter((method) => literal.get(path)?.has(method) ?? router.match(method, path)[0].length > 0);
}
