import type { Actor, DeadLetterActions, DeadLetters, StoredDeadLetter } from '../../stores/dead-letter.ts';
import { Run, type RunRequest, type RunResult } from './run.ts';
import { batchesOf } from './selection.ts';

export interface DiscardDeps {
  readonly letters: Pick<DeadLetters, 'find'> & DeadLetterActions;
}

/** Closes open letters for good: their rows stay until they expire, and nothing sends them. As `redrive` otherwise. */
export async function discard({ letters }: DiscardDeps, request: RunRequest, actor: Actor): Promise<RunResult> {
  const run = new Run(request);
  const action = await letters.begin(actor, 'dlq discard', run.detailsWith([]));
  try {
    for await (const keys of batchesOf(letters, request)) {
      if (run.isOver) break;
      let had: readonly StoredDeadLetter[] = [];
      let settled: readonly StoredDeadLetter[] = [];
      await letters.settle(keys, {
        action,
        status: 'discarded',
        async work(open) {
          had = open;
          settled = run.within(open);
          return { settled, details: run.detailsWith(settled.map((letter) => ({ letter }))) };
        },
      });
      run.add(settled.map((letter) => ({ letter })));
      if (had.length < keys.length) run.missed(keys, had, await letters.find(keys));
    }
  } catch (error) {
    run.fail(error);
  }
  await letters.note(action, run.finalDetails()).catch((error: unknown) => run.fail(error));
  return run.result();
}
