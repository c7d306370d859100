/** One recent interaction with a known item. */
export interface RecentEvent {
  /** Item number (u32). */
  readonly item: number;
  /** Index in `interactionTypes`. */
  readonly type: number;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

/** Bytes of one entry: u32 item, u8 type, f64 occurredAt, little-endian. */
export const recentEntryBytes = 13;
/** Entries kept a user. */
export const recentLimit = 100;

/** Entries back to back, oldest first, so that appending is concatenation. */
export function packRecent(events: readonly RecentEvent[]): Buffer {
  const bytes = Buffer.alloc(recentEntryBytes * events.length);
  let at = 0;
  for (const event of events) {
    at = bytes.writeUInt32LE(event.item, at);
    at = bytes.writeUInt8(event.type, at);
    at = bytes.writeDoubleLE(event.occurredAt, at);
  }
  return bytes;
}

/** Throws RangeError where the length is not a multiple of an entry's. */
export function unpackRecent(bytes: Buffer): RecentEvent[] {
  if (bytes.length % recentEntryBytes !== 0) throw new RangeError('packed recent events have the wrong length');
  return Array.from({ length: bytes.length / recentEntryBytes }, (_, i) => ({
    item: bytes.readUInt32LE(i * recentEntryBytes),
    type: bytes.readUInt8(i * recentEntryBytes + 4),
    occurredAt: bytes.readDoubleLE(i * recentEntryBytes + 5),
  }));
}
