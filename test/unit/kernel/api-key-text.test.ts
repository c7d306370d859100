import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashSecret, makeApiKey, parseApiKey, printApiKey } from '../../../pipeline/kernel/api-key-text.ts';

describe('the text of a key', () => {
  it('has 256 bits of secret and reads back', () => {
    const key = makeApiKey((bytes) => Buffer.alloc(bytes, 0xff));
    expect(Buffer.from(key.secret, 'base64url')).toHaveLength(32);
    expect(parseApiKey(printApiKey(key))).toEqual(key);
    const other = makeApiKey(randomBytes);
    expect(parseApiKey(printApiKey(other))).toEqual(other);
  });

  it('is never the same twice', () => {
    const [one, other] = [makeApiKey(), makeApiKey()];
    expect(one.id).not.toBe(other.id);
    expect(one.secret).not.toBe(other.secret);
  });

  it.each([
    '',
    'fk_',
    'fk_0123456789abcdef_short',
    `fk_0123456789ABCDEF_${'a'.repeat(43)}`,
    `xk_0123456789abcdef_${'a'.repeat(43)}`,
    `fk_0123456789abcdef_${'a'.repeat(44)}`,
  ])('is refused as %j', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  it('is hashed as sha256sum does', () => {
    expect(hashSecret('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
