import type { DeadLetter } from '../../../schemas/generated/dead-letter.v1.ts';
import { deadLetter, done } from '../../kernel/outcome.ts';
import type { DeadLetterSink } from '../../kernel/runner/ports.ts';
import type { StatelessStage, TopicRef } from '../../kernel/stage.ts';
import type { DeadLetterEntry, DeadLetterIndex } from '../../stores/dead-letter.ts';

export interface DlqIndexDeps {
  readonly index: Pick<DeadLetterIndex, 'put'>;
  /** Every dead-letter topic of the installation. */
  readonly topics: readonly TopicRef[];
}

/**
 * Indexes every dead letter for operators; the topics stay the durable copy. It is the only writer of the index,
 * so that a letter has one row whichever stage set it aside. Indexing twice changes nothing.
 */
export function createDlqIndex({ index, topics }: DlqIndexDeps): StatelessStage<DeadLetter> {
  return {
    kind: 'stateless',
    name: 'dlq-index',
    consumes: topics,
    stateVersion: 0,
    async handle(batch) {
      await index.put(batch.flatMap(({ value }) => (value === null ? [] : [entryOf(value)])));
      return batch.map(({ value }) => (value === null ? deadLetter('invalid', 'a dead letter without a value') : done));
    },
  };
}

function entryOf({ timestamp, offset, ...letter }: DeadLetter): DeadLetterEntry {
  return { ...letter, offset: BigInt(offset), recordedAt: timestamp };
}

/** What this stage itself cannot read has no dead-letter topic of its own: it goes into the index as it is. */
export function indexedDeadLetters({ index }: Pick<DlqIndexDeps, 'index'>, appVersion: string): DeadLetterSink {
  return {
    publish: (letters) =>
      index.put(
        letters.map(({ record, consumedFrom: _, ...letter }) => ({
          ...letter,
          key: record.key,
          value: record.value,
          recordedAt: record.timestampMs,
          headers: Object.entries(record.headers).map(([name, value]) => ({ name, value })),
          appVersion,
        })),
      ),
  };
}
