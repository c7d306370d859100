import type { ChosenLetter, DeadLetterActions, DeadLetterKey } from '../../stores/dead-letter.ts';
import type { Selection } from './run.ts';

const pageLetters = 500;
/** What is held in memory, and locked, at a time. */
const batchBytes = 4_194_304;
/** How much of a second's rate a batch may hold: its letters are locked while it is sent. */
const batchShare = 0.25;

export interface BatchOptions {
  readonly selection: Selection;
  readonly ratePerSecond?: number;
}

/**
 * Batches of open letters, each letter once, in the order of their keys. What is indexed after the start is left out:
 * beside a failing stage it would never end.
 */
export async function* batchesOf(
  letters: Pick<DeadLetterActions, 'now' | 'choose'>,
  { selection, ratePerSecond }: BatchOptions,
): AsyncGenerator<readonly DeadLetterKey[]> {
  const most = Math.max(1, Math.min(pageLetters, Math.floor((ratePerSecond ?? Number.POSITIVE_INFINITY) * batchShare)));
  if ('keys' in selection) {
    for (let from = 0; from < selection.keys.length; from += Math.min(most, keyedLetters)) {
      yield selection.keys.slice(from, from + Math.min(most, keyedLetters));
    }
    return;
  }
  const indexedUntil = await letters.now();
  let after: DeadLetterKey | undefined;
  for (;;) {
    const choice = { indexedUntil, limit: pageLetters, ...(after === undefined ? {} : { after }) };
    const page = await letters.choose(selection.filter, choice);
    yield* split(page, most);
    after = page.at(-1);
    if (page.length < pageLetters) return;
  }
}

/** Named one by one their sizes are not known; a record has a mebibyte at most. */
const keyedLetters = 20;

function* split(page: readonly ChosenLetter[], most: number): Generator<readonly DeadLetterKey[]> {
  let batch: ChosenLetter[] = [];
  let bytes = 0;
  for (const letter of page) {
    if (batch.length > 0 && (batch.length >= most || bytes + letter.bytes > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(letter);
    bytes += letter.bytes;
  }
  if (batch.length > 0) yield batch;
}
