import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';
import type { RawRecord } from '../consumer.ts';
import type { Fetched } from './lane.ts';

const noHeaders: RawRecord['headers'] = Object.freeze({});

/** kafkajs gives repeated headers as an array: the last one counts. */
function headersOf(headers: IHeaders | undefined): RawRecord['headers'] {
  if (headers === undefined) return noHeaders;
  const entries = Object.entries(headers).flatMap(([name, given]) => {
    const value = Array.isArray(given) ? given.at(-1) : given;
    return value === undefined ? [] : [[name, Buffer.isBuffer(value) ? value : Buffer.from(value)] as const];
  });
  return entries.length === 0 ? noHeaders : Object.fromEntries(entries);
}

const recordOf = (message: KafkaMessage): RawRecord => ({
  offset: BigInt(message.offset),
  key: message.key,
  value: message.value,
  timestampMs: Number(message.timestamp),
  headers: headersOf(message.headers),
});

/** A kafkajs batch in our terms. `fetchedOffset` is on its batches, but not in its types (2.2.4). */
export function fetchedOf(batch: Batch): Fetched {
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string };
  let bytes = 0;
  for (const { key, value } of batch.messages) bytes += (key?.length ?? 0) + (value?.length ?? 0) + 64;
  return {
    position: BigInt(fetchedOffset),
    records: batch.messages.map(recordOf),
    lastOffset: BigInt(batch.lastOffset()),
    highWatermark: BigInt(batch.highWatermark),
    bytes,
  };
}
