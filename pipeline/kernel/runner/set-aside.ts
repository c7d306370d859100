import type { Clock } from '../clock.ts';
import type { Verdict } from './effect.ts';
import type { OffsetKey, SetAside } from './ports.ts';
import { redriveHeader, redriveOf } from './redrive.ts';

const maxMessage = 500;

export interface SetAsideContext<In> {
  readonly clock: Clock;
  /** The event's id where the record could be decoded. */
  eventIdOf(value: In): string | undefined;
}

/**
 * The dead letters among verdicts. A redriven record keeps the key and the first failure of its dead letter,
 * so that the same event failing again is one row with a rising count.
 */
export function setAside<In>(
  { stateVersion, stage, topic, partition }: OffsetKey,
  verdicts: readonly Verdict<In>[],
  { clock, eventIdOf }: SetAsideContext<In>,
): SetAside[] {
  const now = clock.now();
  return verdicts.flatMap(({ decoded: { record, delivery, writerSchemaId }, outcome, attempt }) => {
    if (outcome.kind !== 'dead-letter') return [];
    const redrive = redriveOf(record);
    const { [redriveHeader]: _, ...headers } = record.headers;
    const value = delivery?.value ?? null;
    return [
      {
        stateVersion,
        stage,
        consumedFrom: topic,
        topic: redrive?.topic ?? topic,
        partition: redrive?.partition ?? partition,
        offset: redrive?.offset ?? record.offset,
        record: { ...record, headers },
        reason: outcome.reason,
        message: outcome.message.slice(0, maxMessage),
        attempt,
        firstFailedAt: redrive?.firstFailedAt ?? now,
        lastFailedAt: now,
        redriveCount: redrive?.count ?? 0,
        writerSchemaId: writerSchemaId ?? null,
        eventId: value === null ? null : (eventIdOf(value) ?? null),
      },
    ];
  });
}
