import type { Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Methods some route takes for a path; none where there is no such path. */
export function allowedMethods(routes: Hono['routes']): (path: string) => readonly string[] {
  const router = new TrieRouter<string>();
  for (const { method, path } of routes) if (method !== 'ALL') router.add(method, path, method);
  return (path) => methods.filter((method) => router.match(method, path)[0].length > 0);
}
