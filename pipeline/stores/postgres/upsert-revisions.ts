import { decideRevision, type RevisionDecision } from '../../domain/intake/revision.ts';
import type { DocumentEntry } from '../ingest.ts';
import type { Queryable } from './database.ts';

interface Stored {
  readonly kind: string;
  readonly namespace: string;
  readonly id: string;
  revision: number;
  digest: Buffer;
  deleted: boolean;
}

// JSON, for ids may hold any separator.
const keyOf = ({ kind, namespace, id }: { kind: string; namespace: string; id: string }): string =>
  JSON.stringify([kind, namespace, id]);

/** Below every revision, so that the first write of a document wins. */
const neverWritten = -1;

/**
 * Makes sure that each document has a row, then locks the rows, both in the order of the primary key: two
 * batches with common documents wait for each other and never deadlock.
 */
async function lockRows(tx: Queryable, entries: readonly DocumentEntry[]): Promise<Map<string, Stored>> {
  const documents = [...new Map(entries.map(({ document }) => [keyOf(document), document])).values()];
  const values = [
    documents.map((one) => one.kind),
    documents.map((one) => one.namespace),
    documents.map((one) => one.id),
  ];
  await tx.query({
    name: 'upsert-revision-create',
    text: `INSERT INTO upsert_revision (kind, namespace, id, revision, digest)
           SELECT kind, namespace, id, ${neverWritten}, ''
             FROM unnest($1::text[], $2::text[], $3::text[]) AS d (kind, namespace, id)
            ORDER BY kind, namespace, id
           ON CONFLICT DO NOTHING`,
    values,
  });
  const rows = await tx.query<Omit<Stored, 'revision'> & { revision: bigint }>({
    name: 'upsert-revision-lock',
    text: `SELECT r.kind, r.namespace, r.id, r.revision, r.digest, r.deleted
             FROM upsert_revision r
             JOIN unnest($1::text[], $2::text[], $3::text[]) AS d (kind, namespace, id) USING (kind, namespace, id)
            ORDER BY r.kind, r.namespace, r.id
              FOR UPDATE OF r`,
    values,
  });
  return new Map(rows.map((row) => [keyOf(row), { ...row, revision: Number(row.revision) }]));
}

async function saveRows(tx: Queryable, rows: readonly Stored[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({
    name: 'upsert-revision-move',
    text: `UPDATE upsert_revision r SET revision = d.revision, digest = d.digest, deleted = d.deleted
             FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::boolean[])
                  AS d (kind, namespace, id, revision, digest, deleted)
            WHERE r.kind = d.kind AND r.namespace = d.namespace AND r.id = d.id`,
    values: [
      rows.map((row) => row.kind),
      rows.map((row) => row.namespace),
      rows.map((row) => row.id),
      rows.map((row) => row.revision),
      rows.map((row) => row.digest),
      rows.map((row) => row.deleted),
    ],
  });
}

/** Judges each write against what is stored and against those before it, and stores the winners' revisions. */
export async function moveRevisions(tx: Queryable, entries: readonly DocumentEntry[]): Promise<RevisionDecision[]> {
  if (entries.length === 0) return [];
  const rows = await lockRows(tx, entries);
  const moved = new Set<Stored>();
  const decisions = entries.map((entry) => {
    const row = rows.get(keyOf(entry.document));
    if (!row) throw new Error('a revision row vanished inside its transaction');
    const decision = decideRevision(row.revision === neverWritten ? undefined : row, entry);
    if (decision === 'accepted') {
      moved.add(Object.assign(row, { revision: entry.revision, digest: entry.digest, deleted: entry.deleted }));
    }
    return decision;
  });
  await saveRows(tx, [...moved]);
  return decisions;
}
