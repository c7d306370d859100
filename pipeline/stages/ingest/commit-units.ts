import { FreshetError } from '../../kernel/errors.ts';
import type { EntryResult, IngestEntry, IngestStore } from '../../stores/ingest.ts';

/** Entries that are stored together or not at all. */
export interface Unit {
  readonly entries: readonly IngestEntry[];
}

/** What became of each entry of a unit, or why there is no knowing. */
export type UnitOutcome =
  | { readonly kind: 'stored'; readonly results: readonly EntryResult[] }
  | { readonly kind: 'not_storable' }
  | { readonly kind: 'failed'; readonly error: unknown };

const deadlock = 'sql_40P01';

/** A value that cannot be stored, or a deadlock: smaller transactions find the one, and avoid the other. */
const isWorthHalving = (error: unknown): error is FreshetError =>
  error instanceof FreshetError && (error.code.startsWith('sql_22') || error.code === deadlock);

function assign(units: readonly Unit[], results: readonly EntryResult[]): UnitOutcome[] {
  let at = 0;
  return units.map(({ entries }) => {
    const from = at;
    at += entries.length;
    return { kind: 'stored', results: results.slice(from, at) };
  });
}

/**
 * Stores units in one transaction; where one of them stands in the way, by halves, in order, so that it
 * fails alone. Never throws. After an outage inside a split, what was committed before it is answered.
 */
export async function commitUnits(store: IngestStore, units: readonly Unit[]): Promise<UnitOutcome[]> {
  try {
    return assign(units, await store.append(units.flatMap(({ entries }) => entries)));
  } catch (error) {
    if (!isWorthHalving(error)) return units.map(() => ({ kind: 'failed', error }));
    if (units.length > 1) {
      const half = Math.ceil(units.length / 2);
      const first = await commitUnits(store, units.slice(0, half));
      return [...first, ...(await commitUnits(store, units.slice(half)))];
    }
    return error.code === deadlock ? [{ kind: 'failed', error }] : [{ kind: 'not_storable' }];
  }
}
