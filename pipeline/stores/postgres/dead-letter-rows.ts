import type { DeadLetterKey, StoredDeadLetter } from '../dead-letter.ts';
import type { Queryable } from './database.ts';
import type { StoredHeader } from './tables/dead-letter.ts';

/** A row as `letterColumns` reads it. */
export type LetterRow = Omit<StoredDeadLetter, 'headers'> & { readonly headers: readonly StoredHeader[] };

export const keyColumns = `d.state_version AS "stateVersion", d.stage, d.topic, d.partition, d."offset"`;

const letterColumns = `${keyColumns}, d.reason, d.message, d.event_id AS "eventId", d.key, d.value, d.headers,
  d.writer_schema_id AS "writerSchemaId", d.attempt, d.redrive_count AS "redriveCount",
  d.first_failed_at AS "firstFailedAt", d.last_failed_at AS "lastFailedAt", d.app_version AS "appVersion", d.status,
  d.recorded_at AS "recordedAt", d.indexed_at AS "indexedAt", d.acted_at AS "actedAt", d.actions`;

/** Keys as five arrays, `$1` to `$5`. */
export const keyValues = (keys: readonly DeadLetterKey[]): unknown[] => [
  keys.map(({ stateVersion }) => stateVersion),
  keys.map(({ stage }) => stage),
  keys.map(({ topic }) => topic),
  keys.map(({ partition }) => partition),
  keys.map(({ offset }) => offset),
];

export const keyTable = 'unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::bigint[])';

export const keyMatches = `(d.state_version, d.stage, d.topic, d.partition, d."offset") =
  (k.state_version, k.stage, k.topic, k.partition, k."offset")`;

export const letterOf = ({ headers, ...row }: LetterRow): StoredDeadLetter => ({
  ...row,
  headers: headers.map(({ name, value }) => ({ name, value: Buffer.from(value, 'base64') })),
});

/** The letters of these keys, in their order. */
export async function selectLetters(
  db: Queryable,
  keys: readonly DeadLetterKey[],
  { where = 'true', lock = '' }: { readonly where?: string; readonly lock?: string } = {},
): Promise<StoredDeadLetter[]> {
  const rows = await db.query<LetterRow & object>({
    text: `SELECT ${letterColumns}
             FROM ${keyTable} WITH ORDINALITY AS k (state_version, stage, topic, partition, "offset", ord)
             JOIN dead_letter d ON ${keyMatches}
            WHERE ${where} ORDER BY k.ord ${lock}`,
    values: keyValues(keys),
  });
  return rows.map(letterOf);
}
