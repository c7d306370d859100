import { decideRevision, type StoredRevision } from '../../domain/intake/revision.ts';
import { FreshetError } from '../../kernel/errors.ts';
import type { EntryResult, EventAppender, EventResult, IngestEntry, IngestStore } from '../ingest.ts';
import type { OutboxRow } from '../outbox.ts';
import type { MemoryTx } from './transactions.ts';

export interface MemoryIngestStore extends IngestStore {
  /** What would be published, in order. */
  readonly rows: readonly OutboxRow[];
  /** Over the same keys and rows. */
  readonly events: EventAppender<MemoryTx>;
}

/** Ingest's store in memory, with the semantics of the Postgres store inside one process. */
export function createMemoryIngestStore(): MemoryIngestStore {
  const keys = new Set<string>();
  const revisions = new Map<string, StoredRevision>();
  const rows: OutboxRow[] = [];

  function judge(entry: IngestEntry): EntryResult {
    if (entry.kind === 'event') {
      if (keys.has(entry.keyId)) return 'duplicate';
      keys.add(entry.keyId);
      return 'accepted';
    }
    const { kind, namespace, id } = entry.document;
    const key = JSON.stringify([kind, namespace, id]);
    const decision = decideRevision(revisions.get(key), entry);
    if (decision === 'accepted') revisions.set(key, { revision: entry.revision, digest: entry.digest });
    return decision;
  }
  const append = (entries: readonly IngestEntry[]): EntryResult[] => {
    if (entries.some(({ row }) => row.eventId.includes('\0'))) {
      throw new FreshetError('sql_22021', 'invalid byte sequence: 0x00'); // before anything is stored, as a rollback would
    }
    return entries.map((entry) => {
      const result = judge(entry);
      if (result === 'accepted') rows.push(entry.row);
      return result;
    });
  };
  return {
    rows,
    append: async (entries) => append(entries),
    events: {
      async append(tx, entries) {
        const results = append(entries);
        const accepted = entries.filter((_, at) => results[at] === 'accepted');
        tx.onUndo(() => {
          for (const { keyId } of accepted) keys.delete(keyId);
          rows.splice(rows.length - accepted.length);
        });
        return results as EventResult[];
      },
      known: async (_, keyIds) => new Set(keyIds.filter((id) => keys.has(id))),
    },
  };
}
