import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../../pipeline/broker/kafka/crc32c.ts';

/** RFC 3720, B.4, and the check value of the CRC catalogue. */
const vectors: readonly [string, Uint8Array, number][] = [
  ['the check value', Buffer.from('123456789'), 0xe3069283],
  ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 incrementing bytes', Uint8Array.from({ length: 32 }, (_, n) => n), 0x46dd794e],
  ['32 decrementing bytes', Uint8Array.from({ length: 32 }, (_, n) => 31 - n), 0x113fdb5c],
  ['nothing', new Uint8Array(0), 0],
];

describe('CRC-32C', () => {
  it.each(vectors)('is as published for %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('covers just the range it is given', () => {
    expect(crc32c(Buffer.from('xx123456789yyy'), 2, 11)).toBe(0xe3069283);
  });
});
