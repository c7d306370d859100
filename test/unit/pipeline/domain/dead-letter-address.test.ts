import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, printAddress } from '../../../../pipeline/domain/dead-letter-address.ts';

describe('the address of a dead letter', () => {
  it('reads as it is written', () => {
    const address = fc.record({
      stateVersion: fc.integer({ min: 0, max: 999_999_999 }),
      stage: fc.constantFrom('enrichment', 'dlq-index', 'catalog-items'),
      topic: fc.constantFrom('engagement-events', 'engagement.interaction.enriched.v1', 'a.v12.dlq'),
      partition: fc.nat(100_000),
      offset: fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }),
    });
    fc.assert(
      fc.property(address, (one) => {
        expect(parseAddress(printAddress(one))).toEqual(one);
      }),
    );
  });

  it('names a version only where there is one', () => {
    const letter = { stage: 'aggregation', topic: 't', partition: 3, offset: 17n };
    expect(printAddress({ ...letter, stateVersion: 0 })).toBe('aggregation/t/3/17');
    expect(printAddress({ ...letter, stateVersion: 2 })).toBe('aggregation.v2/t/3/17');
  });

  it.each(['', 'a/b/c', 'a/b/1/x', 'a/b/-1/2', 'a/b/1/2/3', '/b/1/2', 'a//1/2'])('is none: %s', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});
