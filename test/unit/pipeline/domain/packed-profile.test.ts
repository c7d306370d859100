import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ProfileSummary,
  packProfile,
  tagHash,
  unpackProfile,
} from '../../../../pipeline/domain/packed-profile.ts';

const u32 = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const text = fc.string({ maxLength: 40 });
const event = fc.record({ item: u32, type: fc.integer({ min: 0, max: 8 }), occurredAt: fc.integer({ min: 0 }) });
const summary: fc.Arbitrary<ProfileSummary> = fc.record({
  segment: text,
  locale: text,
  session: fc.array(event, { maxLength: 30 }),
  bought: fc.array(fc.record({ item: u32, day: fc.integer({ min: 0, max: 65_535 }) }), { maxLength: 60 }),
  dismissed: fc.array(u32, { maxLength: 60 }),
  inCart: fc.array(u32, { maxLength: 60 }),
  affinity: fc.array(fc.record({ tag: u32, weight: fc.integer({ min: 1, max: 255 }) }), { maxLength: 8 }),
});

describe('a packed profile', () => {
  it('comes out as it went in', () => {
    fc.assert(
      fc.property(summary, (profile) => {
        expect(unpackProfile(packProfile(profile))).toEqual(profile);
      }),
    );
  });

  it('of format 1 is read too: bought on no known day, nothing liked', () => {
    const format1 = Buffer.concat([
      Buffer.from([1, 1, 0, 0, 1, 1, 0]),
      Buffer.from('|'),
      Buffer.from(Uint32Array.of(7, 8).buffer),
    ]);
    expect(unpackProfile(format1)).toEqual({
      ...{ segment: '|', locale: '', session: [], inCart: [], affinity: [] },
      ...{ bought: [{ item: 7, day: 65_535 }], dismissed: [8] },
    });
  });

  it('of another format, or cut off, is a RangeError', () => {
    const whole = packProfile({
      ...{ segment: 'home|de', locale: 'de', session: [], dismissed: [1], inCart: [] },
      ...{ bought: [{ item: 1, day: 2 }], affinity: [{ tag: 3, weight: 4 }] },
    });
    for (const bytes of [Buffer.alloc(0), Buffer.from([9, ...whole.subarray(1)]), whole.subarray(0, -1)])
      expect(() => unpackProfile(bytes)).toThrow(RangeError);
  });
});

it('tags have the hash of 32-bit FNV-1a', () => {
  expect([tagHash(''), tagHash('a'), tagHash('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});
