type Sliceable = Buffer & {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
};

/** V8 copies a substring of up to 12 characters; a longer one would keep the text it was cut from alive. */
const longestCut = 12;

/**
 * A cursor over one record's bytes, in place of avsc's own, which reads on past the end and steps back on
 * negative lengths: broken bytes could then ask for gigabytes or loop for ever. This one throws at once and is
 * as fast. It has the methods that avsc's types call while they read or skip (avsc 5.7).
 */
export class Tap {
  readonly buf: Buffer;
  pos: number;
  /** All bytes as characters, once some are wanted. */
  private text: string | undefined;

  constructor(buf: Buffer, pos: number) {
    this.buf = buf;
    this.pos = pos;
    this.text = undefined;
  }

  readBoolean(): boolean {
    return this.buf[this.advance(1)] !== 0;
  }

  readInt(): number {
    const value = this.readLong();
    if (value !== (value | 0)) throw new Error('number is longer than 32 bits');
    return value;
  }

  /** Zigzag varint; avsc's LongType refuses what lost precision beyond 2^53. */
  readLong(): number {
    const { buf } = this;
    let pos = this.pos;
    let shift = 0;
    let low = 0;
    let byte: number;
    do {
      byte = buf[pos++] as number;
      low |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 28);
    if (byte >= 0x80) return this.readWide(pos, low);
    if (pos > buf.length) throw truncated();
    this.pos = pos;
    return (low >> 1) ^ -(low & 1);
  }

  /**
   * The rest of a varint of more than four bytes, in doubles since bit operations end at 32 bits. The sign bit is
   * taken off first, so that everything within 2^53 is exact.
   */
  private readWide(start: number, low: number): number {
    let pos = start;
    let magnitude = low >>> 1;
    let factor = 2 ** 27;
    let byte: number;
    do {
      byte = this.buf[pos++] as number;
      magnitude += (byte & 0x7f) * factor;
      factor *= 128;
    } while (byte >= 0x80 && pos - start < 6);
    if (byte >= 0x80) throw new Error('number is longer than 64 bits');
    if (pos > this.buf.length) throw truncated();
    this.pos = pos;
    return low & 1 ? -magnitude - 1 : magnitude;
  }

  readFloat(): number {
    return this.buf.readFloatLE(this.advance(4));
  }

  readDouble(): number {
    return this.buf.readDoubleLE(this.advance(8));
  }

  /** A copy: the record does not keep a whole fetched batch alive. */
  readFixed(length: number): Buffer {
    const start = this.advance(length);
    return Buffer.from(this.buf.subarray(start, this.pos));
  }

  readBytes(): Buffer {
    return this.readFixed(this.readLong());
  }

  /**
   * Each call out of JavaScript costs as much as reading a short text: one takes the whole record, and short ASCII texts
   * are cut from it.
   */
  readString(): string {
    const length = this.readLong();
    const start = this.advance(length);
    const { buf, pos } = this;
    if (length > longestCut) return (buf as Sliceable).utf8Slice(start, pos);
    for (let at = start; at < pos; at += 1) {
      if ((buf[at] as number) > 0x7f) return (buf as Sliceable).utf8Slice(start, pos);
    }
    this.text ??= (buf as Sliceable).latin1Slice(0, buf.length);
    return this.text.substring(start, pos);
  }

  skipBoolean(): void {
    this.advance(1);
  }

  skipInt(): void {
    this.readLong();
  }

  skipLong(): void {
    this.readLong();
  }

  skipFloat(): void {
    this.advance(4);
  }

  skipDouble(): void {
    this.advance(8);
  }

  skipFixed(length: number): void {
    this.advance(length);
  }

  skipBytes(): void {
    this.advance(this.readLong());
  }

  skipString(): void {
    this.advance(this.readLong());
  }

  /**
   * Items of the next block of an array or map, 0 at its end. Each takes a byte at least (ours are never null),
   * so a count beyond the bytes that are left is broken.
   */
  readBlockCount(): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      this.readLong();
    }
    if (count > this.buf.length - this.pos) throw truncated();
    return count;
  }

  /** Moves on by `length` and returns where it was. */
  private advance(length: number): number {
    const start = this.pos;
    const end = start + length;
    if (length < 0 || end > this.buf.length) throw truncated();
    this.pos = end;
    return start;
  }
}

const truncated = () => new Error('record is truncated');
