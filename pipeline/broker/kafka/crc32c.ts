/** Slicing-by-8 tables: entry [n * 256 + byte] advances a byte by n + 1 positions. */
const tables = createTables();

function createTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const before = made[at - 256] as number;
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}

/**
 * CRC-32C (Castagnoli) of a range of bytes, as an unsigned integer.
 * Source: M. E. Kounavis, F. L. Berry, "A Systematic Approach to Building High Performance Software-Based CRC
 * Generators" (2005), slicing-by-8; polynomial 0x82f63b78 reflected, as in RFC 3720.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const t = tables as { readonly [at: number]: number }; // every index below is in range
  const b = bytes as { readonly [at: number]: number };
  let crc = -1;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    crc ^= (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24);
    crc =
      (t[1792 + (crc & 0xff)] as number) ^
      (t[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (t[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (t[1024 + (crc >>> 24)] as number) ^
      (t[768 + (b[i + 4] as number)] as number) ^
      (t[512 + (b[i + 5] as number)] as number) ^
      (t[256 + (b[i + 6] as number)] as number) ^
      (t[b[i + 7] as number] as number);
  }
  for (; i < end; i += 1) crc = (crc >>> 8) ^ (t[(crc ^ (b[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}
