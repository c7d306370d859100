import type { DocumentEntry, EntryResult, EventAppender, EventEntry, IngestStore } from '../ingest.ts';
import type { Database, Queryable, Tx } from './database.ts';
import { appendNewEvents } from './event-append.ts';
import { knownEventKeys } from './event-keys.ts';
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

async function appendDocuments(tx: Tx, documents: readonly DocumentEntry[]): Promise<EntryResult[]> {
  const results = await moveRevisions(tx, documents);
  await appendOutbox(
    tx,
    documents.filter((_, index) => results[index] === 'accepted').map(({ row }) => row),
  );
  return results;
}

/** The store of group commits; `db` is a pool with the settings of `ingestSession`. */
export function createIngestStore(db: Database): IngestStore {
  return {
    async append(entries) {
      const events = entries.filter((entry): entry is EventEntry => entry.kind === 'event');
      if (events.length === entries.length) return appendNewEvents(db, events);
      return db.transaction(async (tx) => {
        const documents = entries.filter((entry): entry is DocumentEntry => entry.kind === 'document');
        const ofDocuments = (await appendDocuments(tx, documents)).values();
        const ofEvents = (await appendNewEvents(tx, events)).values();
        return entries.map(({ kind }) => (kind === 'event' ? ofEvents : ofDocuments).next().value as EntryResult);
      });
    },
  };
}

/** For stages that take events in: in their transaction, over a pool with the settings of `ingestSession`. */
export function createEventAppender(): EventAppender<Queryable> {
  return { append: appendNewEvents, known: knownEventKeys };
}
