import { some } from './difference.ts';
import { type Ledger, type LetterFact, letterKey } from './ledger.ts';
import { readWritten, type Tables } from './tables.ts';

/** Stages that write their dead letters in the transaction of their effect. */
const stateful = new Set(['intake', 'aggregation', 'exposure']);

function compare(found: ReadonlyMap<string, LetterFact>, expected: ReadonlyMap<string, LetterFact>): string[] {
  const missing = [...expected]
    .filter(([key]) => !found.has(key))
    .map(([key, { reason }]) => `no letter ${key} (${reason})`);
  const extra = [...found]
    .filter(([key]) => !expected.has(key))
    .map(([key, { reason }]) => `${key} (${reason}) is no poison`);
  const wrong = [...found]
    .filter(([key, { reason }]) => expected.has(key) && expected.get(key)?.reason !== reason)
    .map(([key, { reason }]) => `${key} is dead for ${reason}, not ${expected.get(key)?.reason}`);
  return [...missing, ...extra, ...wrong];
}

/** One dead letter for each record that nobody can handle, with the right reason, and none for any other. */
export function compareLetters(
  { expectedLetters, letters }: Pick<Ledger, 'expectedLetters' | 'letters'>,
  { deadLetters, lettersWritten }: Pick<Tables, 'deadLetters' | 'lettersWritten'>,
): string[] {
  const rows = deadLetters as unknown as readonly LetterFact[];
  const written = readWritten(lettersWritten).map((fact) => (fact ? letterKey(fact) : 'unreadable'));
  const times = Map.groupBy(written, (key) => key);
  const twice = [...times].filter(([, all]) => all.length > 1).map(([key, all]) => `${key}: ${all.length} times`);
  const fromOutbox = [...expectedLetters].filter(([key, { stage }]) => stateful.has(stage) && !times.has(key));
  return [
    ...some('dead_letter', compare(new Map(rows.map((row) => [letterKey(row), row])), expectedLetters)),
    ...some('dead-letter topics', compare(letters, expectedLetters)),
    ...some('written more than once', twice),
    ...some(
      'not in the outbox',
      fromOutbox.map(([key]) => key),
    ),
  ];
}
