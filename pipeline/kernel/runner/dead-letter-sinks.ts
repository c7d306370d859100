import type { Producer } from '../../broker/producer.ts';
import type { DeadLetterAppender, DeadLetterSink, SetAside } from './ports.ts';

/** A dead letter as it is published. */
export interface EncodedDeadLetter {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
}

export type EncodeDeadLetter = (letter: SetAside) => EncodedDeadLetter;

/** For stateless stages: published and acknowledged before the offset moves. */
export function producedDeadLetters(producer: Producer, encode: EncodeDeadLetter): DeadLetterSink {
  return {
    async publish(letters) {
      const topics = Map.groupBy(letters.map(encode), ({ topic }) => topic);
      await producer.send([...topics].map(([topic, records]) => ({ topic, records })));
    },
  };
}

/** What is written of a dead letter into the outbox (`stores/outbox.ts`). */
interface DeadLetterRow {
  readonly topic: string;
  readonly key: Buffer;
  readonly eventId: string;
  readonly payload: Buffer;
  readonly occurredAt: number;
}

/** Postgres takes no NUL in text, and a dead letter that cannot be stored would stop its partition for good. */
const storable = (id: string): string => id.replaceAll('\u0000', '\ufffd');

/** For stateful stages: rows of the outbox, in the transaction that moves the offset. */
export function outboxDeadLetters<Tx>(
  append: (tx: Tx, rows: readonly DeadLetterRow[]) => Promise<void>,
  encode: EncodeDeadLetter,
): DeadLetterAppender<Tx> {
  return {
    append: (tx, letters) =>
      append(
        tx,
        letters.map((letter) => {
          const { topic, key, value } = encode(letter);
          const eventId = letter.eventId ?? `${letter.topic}/${letter.partition}/${letter.offset}`;
          // Not the record's own timestamp: a producer may have written anything there.
          return { topic, key, eventId: storable(eventId), payload: value, occurredAt: letter.lastFailedAt };
        }),
      ),
  };
}
