import type { Queryable } from './database.ts';

export interface AuditEntry {
  readonly operator: string;
  readonly reason: string;
  readonly verb: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const asText = (details: AuditEntry['details']): string =>
  JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? value.toString() : value));

/** Writes what an operator does, in the transaction that does it; answers the entry's id. */
export async function recordAction(tx: Queryable, { operator, reason, verb, details }: AuditEntry): Promise<bigint> {
  const [row] = await tx.query<{ id: bigint }>({
    text: 'INSERT INTO operator_audit (operator, verb, reason, details) VALUES ($1, $2, $3, $4) RETURNING id',
    values: [operator, verb, reason, asText(details)],
  });
  return (row as { id: bigint }).id;
}

/** Of an action that goes on: how far it has come. */
export async function updateAction(tx: Queryable, id: bigint, details: AuditEntry['details']): Promise<void> {
  await tx.query({ text: 'UPDATE operator_audit SET details = $2 WHERE id = $1', values: [id, asText(details)] });
}
