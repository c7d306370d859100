import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** What a process may run; `http` stands for `ingest` and `serving` on one port. */
export const roles = [
  'ingest',
  'intake',
  'serving',
  'relay',
  'enrichment',
  'aggregation',
  'candidates',
  'catalog',
  'catalog-pull',
  'dlq-index',
  'admin',
] as const;
export type Role = (typeof roles)[number];

/** What reads topics; the relay, which feeds them, goes with it. */
const workerRoles: readonly Role[] = [
  'intake',
  'relay',
  'enrichment',
  'aggregation',
  'candidates',
  'catalog',
  'catalog-pull',
  'dlq-index',
];

/** A process that serves clients may run the workers too: an installation of one process. */
export function withEmbeddedWorkers(wanted: ReadonlySet<Role>, isEmbedded: boolean): ReadonlySet<Role> {
  const isHttp = wanted.has('ingest') || wanted.has('serving');
  return isEmbedded && isHttp ? new Set([...wanted, ...workerRoles]) : wanted;
}

/** Parses a comma separated list; FreshetError `role_unknown` names those there are. */
export function parseRoles(text: string): ReadonlySet<Role> {
  const names = text.split(',').map((name) => name.trim());
  const wanted = names.flatMap((name) => (name === 'http' ? ['ingest', 'serving'] : [name]));
  const unknown = wanted.filter((name) => !roles.includes(name as Role));
  if (unknown.length > 0) {
    throw new FreshetError(
      'role_unknown',
      `there is no role ${unknown.join(', ')}; there are http, ${roles.join(', ')}`,
    );
  }
  return new Set(wanted as Role[]);
}
