import { hashSecret, makeApiKey, printApiKey } from '../../pipeline/kernel/api-key-text.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { ApiKey, ApiScope } from '../../pipeline/stores/api-key.ts';
import {
  insertApiKey,
  lockApiKey,
  type NewApiKey,
  replaceApiKey,
  revokeApiKey,
} from '../../pipeline/stores/postgres/api-key-rows.ts';
import type { Database, Queryable } from '../../pipeline/stores/postgres/database.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';

/** What a key is to be good for. */
export interface KeyRights {
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** Null for all. */
  readonly namespaces: readonly string[] | null;
  /** Null for no limit. */
  readonly maxRequestsPerSecond: number | null;
  /** How long it is good for; null for ever. */
  readonly expiresInMs: number | null;
}

/** A key and its text, which is nowhere kept. */
export interface MadeKey {
  readonly key: ApiKey;
  readonly text: string;
}

async function insert(tx: Queryable, rights: KeyRights): Promise<MadeKey> {
  const parts = makeApiKey();
  const row: NewApiKey = { ...rights, id: parts.id, sha256: hashSecret(parts.secret) };
  return { key: await insertApiKey(tx, row), text: printApiKey(parts) };
}

/** What the audit says of a key: its rights, never its hash. */
const detailsOf = ({ sha256: _, revokedAt: __, replacedBy: ___, createdAt, expiresAt, ...rights }: ApiKey) => ({
  ...rights,
  expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  createdAt: new Date(createdAt).toISOString(),
});

/** A new key. */
export function createKey(database: Database, actor: Actor, rights: KeyRights): Promise<MadeKey> {
  return database.transaction(async (tx) => {
    const made = await insert(tx, rights);
    await recordAudit(tx, actor, { verb: 'keys create', details: detailsOf(made.key) });
    return made;
  });
}

function unknown(id: string): FreshetError {
  return new FreshetError('key_unknown', `there is no key ${id} in force; see \`freshet keys list\``);
}

export interface Rotation {
  readonly id: string;
  /** How long the old key stays valid. */
  readonly overlapMs: number;
  /** Of the new key; by default as long as the old one was made for. */
  readonly expiresInMs?: number;
}

/**
 * A new key with the rights of an old one, which goes on for `overlapMs` so that clients can be changed one by one.
 * Throws FreshetError `key_unknown` where the old one has ended, `key_rotated` where it has a successor.
 */
export function rotateKey(
  database: Database,
  actor: Actor,
  { id, overlapMs, expiresInMs }: Rotation,
): Promise<MadeKey & { readonly oldEndsAt: number }> {
  return database.transaction(async (tx) => {
    const old = await lockApiKey(tx, id);
    if (old === undefined) throw unknown(id);
    if (old.replacedBy !== null) {
      const remedy = `rotate ${old.replacedBy} instead`;
      throw new FreshetError('key_rotated', `${id} was rotated to ${old.replacedBy} already; ${remedy}`);
    }
    const lifetime = old.expiresAt === null ? null : old.expiresAt - old.createdAt;
    const made = await insert(tx, { ...old, expiresInMs: expiresInMs ?? lifetime });
    const oldEndsAt = await replaceApiKey(tx, id, { by: made.key.id, ms: overlapMs });
    const details = { old: id, oldEndsAt: new Date(oldEndsAt).toISOString(), ...detailsOf(made.key) };
    await recordAudit(tx, actor, { verb: 'keys rotate', details });
    return { ...made, oldEndsAt };
  });
}

/** Ends a key now; processes hear of it within two seconds. Throws FreshetError `key_unknown`. */
export function revokeKey(database: Database, actor: Actor, id: string): Promise<ApiKey> {
  return database.transaction(async (tx) => {
    const key = await lockApiKey(tx, id);
    if (key === undefined) throw unknown(id);
    await revokeApiKey(tx, id);
    await recordAudit(tx, actor, { verb: 'keys revoke', details: detailsOf(key) });
    return key;
  });
}
