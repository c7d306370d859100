import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../pipeline/kernel/config.ts';

const required = {
  FRESHET_POSTGRES_URL: 'postgres://localhost/freshet',
  FRESHET_KAFKA_BROKERS: 'localhost:9092',
  FRESHET_REGISTRY_URL: 'http://localhost:8081',
  FRESHET_REDIS_URL: 'redis://localhost:6379/0',
};
const parse = (text?: string) =>
  parseConfig({ ...required, ...(text === undefined ? {} : { FRESHET_ADMIN_TOKENS: text }) }).FRESHET_ADMIN_TOKENS;
const hash = 'ab'.repeat(32);

describe('the tokens of operators', () => {
  it('are none where nothing is said', () => {
    expect([parse(), parse('')]).toEqual([[], []]);
  });

  it('are named', () => {
    expect(parse(`ann:${hash}, bob@shop:${'0'.repeat(64)}`)).toEqual([
      { operator: 'ann', sha256: Buffer.from(hash, 'hex') },
      { operator: 'bob@shop', sha256: Buffer.alloc(32) },
    ]);
  });

  it.each([
    ['ann', /ann needs the SHA-256 of a token/],
    ['ann:secret', /not the token/],
    [`ann:${hash}:x`, /ann needs/],
    [`:${hash}`, /begins with a name/],
    [`a b:${hash}`, /begins with a name/],
    [`ann:${hash},ann:${hash}`, /ann is named twice/],
  ])('that are wrong are refused with what is expected: %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(/FRESHET_ADMIN_TOKENS/);
  });
});
