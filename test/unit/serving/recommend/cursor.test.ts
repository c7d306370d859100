import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors, cursorLength, cursorMs, pagedItems } from '../../../../serving/recommend/cursor.ts';
import { fallbackLevels } from '../../../../serving/recommend/fallback-level.ts';
import type { Slate } from '../../../../serving/recommend/query.ts';
import { askedAt, candidates, createServingHarness, list, query } from '../../../support/serving-harness.ts';

const cursors = createCursors(Buffer.from('k'.repeat(32)));
const owner = { namespace: 'shop', userId: 'u1', surface: 'home' };

function slateOf(over: { shown: number[]; rest: number[]; requestId?: string; level?: Slate['level'] }): Slate {
  const { shown, rest, requestId = 'r1', level = 'personal' } = over;
  const items = shown.map((item, at) => ({ item, score: 1 / (at + 1), sources: 1, because: 0, level }));
  return {
    query: { ...query({ requestId }), askedAt },
    items,
    rest,
    level,
    reflects: undefined,
    removed: [],
  } as unknown as Slate;
}

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 32 - 1 }), { maxLength: 250 });

describe('a cursor', () => {
  it('tells the next page everything, whatever the numbers are', () => {
    fc.assert(
      fc.property(
        numbers,
        fc.integer({ min: 0, max: 100 }),
        fc.string({ minLength: 1, maxLength: 64 }),
        fc.constantFrom(...fallbackLevels),
        (all, count, requestId, level) => {
          const [shown, rest] = [all.slice(0, count), all.slice(count)];
          const cursor = cursors.next(slateOf({ shown, rest, requestId, level }));
          expect(cursor === undefined).toBe(rest.length === 0);
          if (cursor === undefined) return;
          expect(cursor.length).toBeLessThanOrEqual(cursorLength);
          expect(cursors.open(cursor, owner, askedAt)).toEqual({
            ...{ requestId, level, offset: shown.length, shown, score: Math.fround(1 / Math.max(1, shown.length)) },
            ...(shown.length === 0 ? { score: 0 } : {}),
            rest: rest.slice(0, pagedItems - shown.length),
          });
        },
      ),
    );
  });

  it('opens for half an hour, for its own user, surface and key only', () => {
    const cursor = cursors.next(slateOf({ shown: [1], rest: [2, 3] })) as string;
    const open = (over: Partial<typeof owner> = {}, now = askedAt) => cursors.open(cursor, { ...owner, ...over }, now);
    expect(open()).toMatchObject({ rest: [2, 3] });
    expect(open({}, askedAt + cursorMs - 1_001)).toMatchObject({ rest: [2, 3] });
    expect(open({}, askedAt + cursorMs)).toBe('expired');
    for (const other of [{ userId: 'u2' }, { surface: '' }, { namespace: 'other' }])
      expect(open(other)).toBe('expired');
    expect(createCursors(Buffer.alloc(32)).open(cursor, owner, askedAt)).toBe('expired');
  });

  it('does not open once a character is another', () => {
    const cursor = cursors.next(slateOf({ shown: [1, 2], rest: [3, 300, 70_000] })) as string;
    for (let at = 0; at < cursor.length - 1; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      const forged = cursor.slice(0, at) + other + cursor.slice(at + 1);
      expect(['expired', 'malformed']).toContain(cursors.open(forged, owner, askedAt));
    }
  });

  it('is malformed where it is none', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof cursors.open(text, owner, askedAt) === 'string'));
    for (const text of ['', 'a', 'ä'.repeat(40), `${'A'.repeat(40)}=`, 'A'.repeat(cursorLength + 1)])
      expect(cursors.open(text, owner, askedAt)).toBe('malformed');
  });

  it('goes on with what is popular where the list is short, without a wait more', async () => {
    const serving = createServingHarness();
    serving.setUser({ list: list(candidates([1, 2, 3])) });
    serving.setPopular('|', [2, 10, 11, 12]);
    const slate = await serving.recommend(query({ limit: 2 }));
    const page = cursors.open(cursors.next(slate as Slate) as string, owner, askedAt);
    expect(page).toMatchObject({ shown: [1, 2], rest: [3, 10, 11, 12] });
    expect(serving.redis.waits).toBe(1);
  });
});
