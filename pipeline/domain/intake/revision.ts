import { createHash } from 'node:crypto';
import { type Fields, has, readNumber, report } from './fields.ts';
import { readInstant } from './timestamp.ts';

/** What is stored of a document's newest revision. */
export interface StoredRevision {
  readonly revision: number;
  readonly digest: Buffer;
}

/** What became of a write. `conflict`: the same revision with other content, so one of the two is wrong. */
export type RevisionDecision = 'accepted' | 'unchanged' | 'stale' | 'conflict';

/** An older write never overwrites a newer one; the same write again changes nothing. */
export function decideRevision(stored: StoredRevision | undefined, incoming: StoredRevision): RevisionDecision {
  if (stored === undefined || incoming.revision > stored.revision) return 'accepted';
  if (incoming.revision < stored.revision) return 'stale';
  return incoming.digest.equals(stored.digest) ? 'unchanged' : 'conflict';
}

export const revisionRule = { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true } as const;

/** `revision` where it is given, else `updated_at` in milliseconds, else the time of receipt. */
export function readRevision(fields: Fields, receivedAt: number, maxFutureMs: number): number {
  const revision = readNumber(fields, 'revision', revisionRule);
  const updatedAt = readInstant(fields, 'updated_at');
  if (updatedAt !== null && updatedAt > receivedAt + maxFutureMs) {
    // It would win over every honest write until that day.
    report(fields, 'updated_at', {
      code: 'in_future',
      message: `is more than ${maxFutureMs} ms ahead of the server`,
      limit: maxFutureMs,
    });
  }
  if (updatedAt !== null && updatedAt < 0)
    report(fields, 'updated_at', { code: 'out_of_range', message: 'must not be before 1970', limit: 0 });
  if (has(fields, 'revision')) return revision ?? 0;
  return updatedAt ?? receivedAt;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The same document always as the same text: names sorted at every level. */
export function canonicalJson(value: unknown): string {
  const sorted = (_: string, member: unknown): unknown => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member as Record<string, Json>).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return JSON.stringify(value, sorted);
}

/** 128 bits that stand for a document's content. */
export const digestOf = (content: unknown): Buffer =>
  createHash('sha256').update(canonicalJson(content)).digest().subarray(0, 16);

/** Stands for "deleted" among digests. */
export const deletedDigest = Buffer.alloc(16);
