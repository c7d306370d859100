import type { RawRecord } from '../consumer.ts';

/** One partition: records in offset order, with gaps where offsets hold nothing visible. */
export class PartitionLog {
  #records: RawRecord[] = [];
  #low = 0n;
  #high = 0n;
  readonly #readers = new Set<() => void>();

  get low(): bigint {
    return this.#low;
  }

  get high(): bigint {
    return this.#high;
  }

  append(record: Omit<RawRecord, 'offset'>): void {
    this.#records.push({ ...record, offset: this.#high });
    this.#high += 1n;
    this.wake();
  }

  /** Uses up offsets without a visible record, as transaction markers and compaction do. */
  skip(count: number): void {
    this.#high += BigInt(count);
    this.wake();
  }

  /** Deletes what lies before `low`, as retention does. */
  truncate(low: bigint): void {
    this.#low = low;
    this.#records = this.#records.filter(({ offset }) => offset >= low);
  }

  /** Up to `most` records from `position` on, and the offset of the last entry that was passed. */
  read(position: bigint, most: number): { readonly records: readonly RawRecord[]; readonly lastOffset: bigint } {
    const found = this.#records.filter(({ offset }) => offset >= position);
    const records = found.slice(0, most);
    const lastOffset = found.length > records.length ? (records.at(-1) as RawRecord).offset : this.#high - 1n;
    return { records, lastOffset };
  }

  /** Offset of the first record at or after the instant, else the end. */
  offsetAt(timestampMs: number): bigint {
    return this.#records.find((record) => record.timestampMs >= timestampMs)?.offset ?? this.#high;
  }

  /** Calls `reader` after every change until the returned function is called. */
  follow(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  wake(): void {
    for (const reader of this.#readers) reader();
  }
}
