import type { StoredDeadLetter } from '../../stores/dead-letter.ts';
import { headersOf, type RedriveTopic, readToday } from './examine.ts';

/** A letter's value for people. */
export interface Look {
  /** JSON-safe; bytes in base64. Undefined where it cannot be decoded. */
  readonly value?: unknown;
  /** Name of the schema it was written with; null for JSON, and where it has no value. */
  readonly schema: string | null;
  /** Why it cannot be decoded, even with its writer's schema. */
  readonly undecodable: string | null;
  /** Why its stage could not read it today; null where it could. */
  readonly unreadableToday: string | null;
}

/** Rejects with TransientError where the registry is away. */
export async function look(letter: StoredDeadLetter, topic: RedriveTopic | undefined): Promise<Look> {
  if (topic === undefined) {
    const why = `there is no topic ${letter.topic} today`;
    return { schema: null, undecodable: why, unreadableToday: why };
  }
  if (letter.value === null) return { value: null, schema: null, undecodable: null, unreadableToday: null };
  const today = await readToday(letter, topic);
  const unreadableToday = today.ok ? null : `${today.reason}: ${today.message}`;
  const written = await topic.written(letter.value, headersOf(letter));
  if (!written.ok) return { schema: null, undecodable: `${written.reason}: ${written.message}`, unreadableToday };
  return { value: jsonSafe(written.value), schema: written.schema, undecodable: null, unreadableToday };
}

const asJson = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null;
  const isBuffer = typeof value === 'object' && bytes?.type === 'Buffer' && Array.isArray(bytes.data);
  return isBuffer ? Buffer.from(bytes.data as number[]).toString('base64') : value;
};

const jsonSafe = (value: unknown): unknown => JSON.parse(JSON.stringify(value, asJson) ?? 'null');
