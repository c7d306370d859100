import type { ReadResult, RecordReader } from '../../broker/codec.ts';
import type { RawRecord, TopicPartition } from '../../broker/consumer.ts';
import { deadLetter, type Outcome, skip } from '../outcome.ts';
import type { Delivery } from '../stage.ts';
import { isMeantForAnother, redriveOf } from './redrive.ts';

/** A record on its way: either decoded for the stage, or settled before the stage sees it. */
export interface Decoded<In> {
  readonly record: RawRecord;
  readonly delivery?: Delivery<In>;
  readonly settled?: Outcome;
  readonly writerSchemaId?: number;
}

export interface DecodeContext<In> {
  readonly reader: RecordReader<In>;
  readonly stage: string;
  readonly stateVersion: number;
}

/** Decodes in order; rejects with TransientError where the registry is away. A null value is a tombstone. */
export async function decode<In>(
  records: readonly RawRecord[],
  { topic, partition }: TopicPartition,
  { reader, stage, stateVersion }: DecodeContext<In>,
): Promise<Decoded<In>[]> {
  const decoded: Decoded<In>[] = [];
  const delivered = (record: RawRecord, value: In | null, writerSchemaId?: number): Decoded<In> => {
    const { offset, key, timestampMs } = record;
    const delivery = { topic, partition, offset, key, value, timestampMs };
    return writerSchemaId === undefined ? { record, delivery } : { record, delivery, writerSchemaId };
  };
  for (const record of records) {
    const redrive = redriveOf(record);
    if (redrive !== undefined && isMeantForAnother(redrive, stage, stateVersion)) {
      decoded.push({ record, settled: skip('redriven_for_another') });
    } else if (record.value === null) {
      decoded.push(delivered(record, null));
    } else {
      const reading = reader.read(record.value, record.headers);
      // Awaiting each record would cost a microtask a record: only the first of a writer's schema is a promise.
      const result: ReadResult<In> = reading instanceof Promise ? await reading : reading;
      if (result.ok) decoded.push(delivered(record, result.value, result.writerSchemaId));
      else
        decoded.push({ record, settled: deadLetter(result.reason, result.message, result.code), ...schemaId(result) });
    }
  }
  return decoded;
}

const schemaId = ({ writerSchemaId }: { readonly writerSchemaId?: number }) =>
  writerSchemaId === undefined ? {} : { writerSchemaId };
