import type { PartitionRange } from '../../broker/admin.ts';

/**
 * Which partitions have been read up to the ends taken at start. Offsets without a visible record (compacted
 * away, expired, markers) count as passed: an end is reached by where a fetch ended, not by what it brought.
 */
export class EndOffsets {
  readonly #missing = new Map<number, bigint>();
  readonly #passed = Promise.withResolvers<void>();

  constructor(ranges: readonly PartitionRange[]) {
    for (const { partition, low, high } of ranges) if (low < high) this.#missing.set(partition, high);
    this.#settle();
  }

  /** Resolves when all are passed. */
  get passed(): Promise<void> {
    return this.#passed.promise;
  }

  get missingCount(): number {
    return this.#missing.size;
  }

  /** Everything below `next` has been seen. */
  reached(partition: number, next: bigint): void {
    const end = this.#missing.get(partition);
    if (end === undefined || next < end) return;
    this.#missing.delete(partition);
    this.#settle();
  }

  /** What retention has dropped since will not be delivered any more. */
  dropped(ranges: readonly PartitionRange[]): void {
    for (const { partition, low } of ranges) this.reached(partition, low);
  }

  #settle(): void {
    if (this.#missing.size === 0) this.#passed.resolve();
  }
}
