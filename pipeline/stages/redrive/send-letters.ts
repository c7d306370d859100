import type { Producer } from '../../broker/producer.ts';
import { FreshetError, messageOf } from '../../kernel/errors.ts';
import type { StoredDeadLetter } from '../../stores/dead-letter.ts';
import type { Examined, Refusal } from './examine.ts';

export type Sendable = Extract<Examined, { readonly record: unknown }>;

/** Sends all; where the broker refuses a record for what it is, each alone. Answers those it refuses. */
export async function sendLetters(
  producer: Pick<Producer, 'send'>,
  letters: readonly Sendable[],
): Promise<Map<StoredDeadLetter, Refusal>> {
  const refusals = new Map<StoredDeadLetter, Refusal>();
  if (letters.length === 0 || (await refusalBy(producer, letters)) === undefined) return refusals;
  for (const one of letters) {
    const refusal = await refusalBy(producer, [one]);
    if (refusal !== undefined) refusals.set(one.letter, refusal);
  }
  return refusals;
}

/** Undefined where the broker has them. */
async function refusalBy(producer: Pick<Producer, 'send'>, letters: readonly Sendable[]): Promise<Refusal | undefined> {
  const topics = Map.groupBy(letters, ({ topic }) => topic);
  try {
    await producer.send([...topics].map(([topic, ones]) => ({ topic, records: ones.map(({ record }) => record) })));
    return undefined;
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    const { code } = error;
    if (code !== 'record_too_large' && code !== 'record_invalid') throw error;
    return { code, message: messageOf(error) };
  }
}
