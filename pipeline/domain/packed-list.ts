/** The applied interaction a list reflects; instants in milliseconds since the epoch. */
export interface Reflects {
  readonly eventId: string;
  readonly receivedAt: number;
  readonly occurredAt: number;
}

/** Candidate sources by bit; a candidate may come from several. */
export const sourceNames = ['session-knn', 'similar', 'popular', 'affinity', 'history', 'fresh', 'model'] as const;
export type SourceName = (typeof sourceNames)[number];
export const sourceBit = (name: SourceName): number => 1 << sourceNames.indexOf(name);

/** One candidate of a stored list. */
export interface PackedCandidate {
  /** Item number (u32), see the catalogue projection. */
  readonly item: number;
  readonly score: number;
  /** Bits of `sourceNames`. */
  readonly sources: number;
  /** Item number of the interaction it follows from, 0 where there is none. */
  readonly because: number;
}

export interface PackedList {
  /** When it was computed, milliseconds since the epoch. */
  readonly computedAt: number;
  /** Absent for lists that belong to no user (popular, similar). */
  readonly reflects: Reflects | undefined;
  readonly candidates: readonly PackedCandidate[];
}

/** Longest stored list: 10 bytes a candidate keep a user under 2 KiB, profile included. */
export const listLimit = 150;
/** First byte of every list. */
export const listFormat = 1;
/** Where a list keeps `receivedAt` of what it reflects (f64, little-endian): stores compare it. */
export const receivedAtOffset = 16;

/**
 * Little-endian: u8 format, u8 length of event id, u16 candidates, u8 anchors, u8 0, u16 0, f64 computedAt,
 * f64 receivedAt, f64 occurredAt, event id; then u32 anchors[], u32 items[], f32 scores[], u8 sources[],
 * u8 anchor index + 1 (0: none)[]. An anchor is an item that candidates follow from; at most 255.
 */
export function packList(list: PackedList): Buffer {
  const candidates = list.candidates.slice(0, listLimit);
  const anchors = [...new Set(candidates.map((one) => one.because))].filter((item) => item !== 0).slice(0, 255);
  const eventId = Buffer.from(list.reflects?.eventId ?? '');
  const count = candidates.length;
  const bytes = Buffer.alloc(32 + eventId.length + 4 * anchors.length + 10 * count);
  bytes.writeUInt8(listFormat, 0);
  bytes.writeUInt8(eventId.length, 1);
  bytes.writeUInt16LE(count, 2);
  bytes.writeUInt8(anchors.length, 4);
  bytes.writeDoubleLE(list.computedAt, 8);
  bytes.writeDoubleLE(list.reflects?.receivedAt ?? 0, receivedAtOffset);
  bytes.writeDoubleLE(list.reflects?.occurredAt ?? 0, 24);
  let at = 32 + eventId.copy(bytes, 32);
  for (const anchor of anchors) at = bytes.writeUInt32LE(anchor, at);
  for (const one of candidates) at = bytes.writeUInt32LE(one.item, at);
  for (const one of candidates) at = bytes.writeFloatLE(one.score, at);
  for (const one of candidates) at = bytes.writeUInt8(one.sources, at);
  for (const one of candidates) at = bytes.writeUInt8(anchors.indexOf(one.because) + 1, at);
  return bytes;
}

/** Throws RangeError where the bytes are not a list of this format. */
export function unpackList(bytes: Buffer): PackedList {
  if (bytes.length < 32 || bytes.readUInt8(0) !== listFormat) throw new RangeError('not a packed list of format 1');
  const idLength = bytes.readUInt8(1);
  const count = bytes.readUInt16LE(2);
  const anchorCount = bytes.readUInt8(4);
  const anchorsAt = 32 + idLength;
  const itemsAt = anchorsAt + 4 * anchorCount;
  if (bytes.length !== itemsAt + 10 * count) throw new RangeError('packed list has the wrong length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const candidates: PackedCandidate[] = [];
  for (let i = 0; i < count; i += 1) {
    const anchor = bytes[itemsAt + 9 * count + i] as number;
    candidates.push({
      item: view.getUint32(itemsAt + 4 * i, true),
      score: view.getFloat32(itemsAt + 4 * count + 4 * i, true),
      sources: bytes[itemsAt + 8 * count + i] as number,
      because: anchor === 0 ? 0 : view.getUint32(anchorsAt + 4 * (anchor - 1), true),
    });
  }
  const reflects =
    idLength === 0
      ? undefined
      : {
          eventId: bytes.toString('utf8', 32, anchorsAt),
          receivedAt: bytes.readDoubleLE(receivedAtOffset),
          occurredAt: bytes.readDoubleLE(24),
        };
  return { computedAt: bytes.readDoubleLE(8), reflects, candidates };
}
