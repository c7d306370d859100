import type { DocumentReader, ShownDocument } from '../documents.ts';
import type { Queryable } from './database.ts';

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const snakeCased = (body: Readonly<Record<string, unknown>>): ShownDocument =>
  Object.fromEntries(Object.entries(body).map(([name, value]) => [snake(name), value]));

interface ItemRow {
  readonly revision: bigint;
  readonly available: boolean;
  readonly hidden: boolean;
  readonly archived_at: number | null;
  readonly tags: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

interface UserRow {
  readonly revision: bigint;
  readonly traits: Readonly<Record<string, string>>;
  readonly consent: string | null;
  readonly last_seen_at: number | null;
}

async function findItem(db: Queryable, namespace: string, id: string): Promise<ShownDocument | undefined> {
  const [row] = await db.query<ItemRow>({
    name: 'item-show',
    text: `SELECT revision, available, hidden, archived_at, tags, body
             FROM item WHERE namespace = $1 AND item_id = $2 AND NOT deleted`,
    values: [namespace, id],
  });
  if (!row) return undefined;
  const { revision, body, ...columns } = row;
  return { ...snakeCased(body), namespace, item_id: id, revision: Number(revision), ...columns };
}

async function findUser(db: Queryable, namespace: string, id: string): Promise<ShownDocument | undefined> {
  const [row] = await db.query<UserRow>({
    name: 'user-show',
    text: `SELECT revision, traits, consent, last_seen_at
             FROM "user" WHERE namespace = $1 AND user_id = $2 AND NOT deleted`,
    values: [namespace, id],
  });
  return row && { namespace, user_id: id, ...row, revision: Number(row.revision) };
}

/** Reads the projections of `catalog-items` and `catalog-users`. */
export function createDocumentReader(db: Queryable): DocumentReader {
  return {
    find: (kind, namespace, id) => (kind === 'item' ? findItem(db, namespace, id) : findUser(db, namespace, id)),
  };
}
