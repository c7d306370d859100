import type { DeadLetter } from '../../../schemas/generated/dead-letter.v1.ts';
import type { CatalogueTopic } from '../../../schemas/topic.ts';
import { deadLetterTopic } from '../../../schemas/topics.ts';
import { FreshetError } from '../../kernel/errors.ts';
import type { EncodeDeadLetter } from '../../kernel/runner/dead-letter-sinks.ts';
import type { SetAside } from '../../kernel/runner/ports.ts';
import type { Codec } from '../codec.ts';

export interface DeadLetterEncoderOptions {
  readonly codec: Codec;
  readonly stage: string;
  /** Every topic the stage reads. */
  readonly sources: readonly CatalogueTopic[];
  readonly appVersion: string;
}

/** The envelope of a record that was set aside: its bytes untouched beside where, why, when and by what. */
export function envelopeOf(letter: SetAside, appVersion: string): DeadLetter {
  const { stage, stateVersion, topic, partition, record, reason, message, attempt } = letter;
  const { firstFailedAt, lastFailedAt, redriveCount, writerSchemaId, eventId } = letter;
  return {
    stage,
    stateVersion,
    topic,
    partition,
    offset: letter.offset.toString(),
    timestamp: record.timestampMs,
    key: record.key,
    value: record.value,
    headers: Object.entries(record.headers).map(([name, value]) => ({ name, value })),
    reason,
    message,
    attempt,
    firstFailedAt,
    lastFailedAt,
    redriveCount,
    appVersion,
    writerSchemaId,
    eventId,
  };
}

/** Looks up the writers once, so that encoding needs no registry. A null original key becomes the empty one. */
export async function openDeadLetterEncoder(options: DeadLetterEncoderOptions): Promise<EncodeDeadLetter> {
  const { codec, stage, sources, appVersion } = options;
  const targets = new Map(
    await Promise.all(
      sources.map(async (source) => {
        const topic = deadLetterTopic(source, stage);
        return [source.name, { topic: topic.name, writer: await codec.writer(topic) }] as const;
      }),
    ),
  );
  return (letter) => {
    const target = targets.get(letter.consumedFrom);
    if (target === undefined) {
      throw new FreshetError('topic_unknown', `${stage} has no dead-letter topic for ${letter.consumedFrom}`);
    }
    const value = target.writer.write(envelopeOf(letter, appVersion));
    return { topic: target.topic, key: letter.record.key ?? Buffer.alloc(0), value };
  };
}
