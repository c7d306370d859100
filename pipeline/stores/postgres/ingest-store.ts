import type {
  DocumentEntry,
  EntryResult,
  EventAppender,
  EventEntry,
  EventResult,
  IngestEntry,
  IngestStore,
} from '../ingest.ts';
import type { Database, Queryable } from './database.ts';
import { claimEventKeys, knownEventKeys } from './event-keys.ts';
import { appendOutbox } from './outbox-append.ts';
import { moveRevisions } from './upsert-revisions.ts';

/**
 * Session of the pool that the ingest store uses. Without the planner settings the anti-join reads a whole
 * key window a batch; with them it is a nested loop over the primary keys.
 */
export const ingestSession: Readonly<Record<string, string>> = {
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  lock_timeout: '500',
};

/** The first entry of each key that was claimed; every other one is a duplicate. */
function eventResults(entries: readonly EventEntry[], claimed: ReadonlySet<string>): EventResult[] {
  const left = new Set(claimed);
  return entries.map(({ keyId }) => (left.delete(keyId) ? 'accepted' : 'duplicate'));
}

/** The store of group commits; `db` is a pool with the settings of `ingestSession`. */
export function createIngestStore(db: Database): IngestStore {
  return {
    append: (entries) =>
      db.transaction(async (tx) => {
        const events = entries.filter((entry): entry is EventEntry => entry.kind === 'event');
        const documents = entries.filter((entry): entry is DocumentEntry => entry.kind === 'document');
        const claimed = await claimEventKeys(tx, [...new Set(events.map(({ keyId }) => keyId))]);
        const ofEvents = eventResults(events, claimed).values();
        const ofDocuments = (await moveRevisions(tx, documents)).values();
        const results = entries.map(({ kind }) => {
          const { value } = kind === 'event' ? ofEvents.next() : ofDocuments.next();
          return value as EntryResult;
        });
        await appendOutbox(tx, rowsOf(entries, results));
        return results;
      }),
  };
}

/** For stages that take events in: in their transaction, over a pool with the settings of `ingestSession`. */
export function createEventAppender(): EventAppender<Queryable> {
  return {
    async append(tx, entries) {
      const results = eventResults(entries, await claimEventKeys(tx, [...new Set(entries.map(({ keyId }) => keyId))]));
      await appendOutbox(tx, rowsOf(entries, results));
      return results;
    },
    known: knownEventKeys,
  };
}

const rowsOf = (entries: readonly IngestEntry[], results: readonly EntryResult[]) =>
  entries.filter((_, index) => results[index] === 'accepted').map(({ row }) => row);
