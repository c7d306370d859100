import { deadLetter, done, type Outcome, skip } from '../../kernel/outcome.ts';
import type { Delivery } from '../../kernel/stage.ts';
import type { Change } from '../../stores/catalog.ts';

/** How records of one topic are read; a string says in words why one cannot be. */
export interface Reading<V, Ref, Document extends { readonly revision: number }> {
  /** From a tombstone's key. */
  ref(key: string): Ref | string;
  document(value: V): Document | string;
  refOf(document: Document): Ref;
}

export interface Folded<Ref, Document> {
  readonly changes: readonly Change<Ref, Document>[];
  readonly outcomes: Outcome[];
}

/**
 * What a batch of a compacted topic comes to, one change a key: its newest document, and whether a tombstone
 * came after it. Offset order is revision order, save for redeliveries, which a smaller revision gives away.
 */
export function foldBatch<V, Ref, Document extends { readonly revision: number }>(
  batch: readonly Delivery<V>[],
  reading: Reading<V, Ref, Document>,
): Folded<Ref, Document> {
  const changes = new Map<string, Change<Ref, Document>>();
  const outcomes = batch.map(({ key, value }): Outcome => {
    const change = value === null ? deletion(key, reading) : arrival(value, reading);
    if (typeof change === 'string') return value === null ? skip('unreadable_key') : deadLetter('invalid', change);
    const id = JSON.stringify(change.ref);
    const before = changes.get(id)?.document ?? null;
    if (change.document === null) changes.set(id, { ...change, document: before });
    else if (before === null || before.revision <= change.document.revision) changes.set(id, change);
    return done;
  });
  return { changes: [...changes.values()], outcomes };
}

function arrival<V, Ref, Document extends { readonly revision: number }>(
  value: V,
  reading: Reading<V, Ref, Document>,
): Change<Ref, Document> | string {
  const document = reading.document(value);
  return typeof document === 'string' ? document : { ref: reading.refOf(document), document, deleted: false };
}

function deletion<V, Ref, Document extends { readonly revision: number }>(
  key: Buffer | null,
  reading: Reading<V, Ref, Document>,
): Change<Ref, Document> | string {
  const ref = key === null ? 'a tombstone without a key' : reading.ref(key.toString());
  return typeof ref === 'string' ? ref : { ref, document: null, deleted: true };
}

/** Splits a key at its first `|`s into `count` parts: only the last may hold one itself. */
export function keyParts(key: string, count: number): string[] | undefined {
  const parts: string[] = [];
  let rest = key;
  while (parts.length < count - 1) {
    const at = rest.indexOf('|');
    if (at < 0) return undefined;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...parts, rest];
}
