import type { RawBatch, RawRecord } from '../../broker/consumer.ts';

export interface SliceLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

export interface RawSlice {
  readonly records: readonly RawRecord[];
  /** Offset to mark when these are handled. */
  readonly next: bigint;
}

const sizeOf = ({ key, value }: RawRecord): number => (key?.length ?? 0) + (value?.length ?? 0);

/**
 * Cuts what is left of a batch from `from` on into slices by count and bytes, one record at least.
 * The last slice also passes the offsets without a visible record; a batch without records is one empty slice.
 */
export function slicesOf(batch: RawBatch, from: bigint, { maxRecords, maxBytes }: SliceLimits): RawSlice[] {
  const records = batch.records.filter(({ offset }) => offset >= from);
  const slices: RawSlice[] = [];
  let start = 0;
  let bytes = 0;
  records.forEach((record, at) => {
    const size = sizeOf(record);
    if (at > start && (at - start >= maxRecords || bytes + size > maxBytes)) {
      slices.push({ records: records.slice(start, at), next: (records[at - 1] as RawRecord).offset + 1n });
      start = at;
      bytes = 0;
    }
    bytes += size;
  });
  slices.push({ records: records.slice(start), next: batch.lastOffset + 1n });
  return slices;
}
