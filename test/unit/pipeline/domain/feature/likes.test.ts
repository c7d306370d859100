import { expect, it } from 'vitest';
import { likedTags } from '../../../../../pipeline/domain/feature/likes.ts';
import { tagHash } from '../../../../../pipeline/domain/packed-profile.ts';
import { defaultSettings } from '../../../../../pipeline/domain/settings.ts';

const { weights } = defaultSettings;

it('liked tags are weighted by what was done, halved every 14 days, as shares of the most liked', () => {
  const counts = [
    { day: 100, tag: 'a', type: 'purchase', count: 1 },
    { day: 86, tag: 'b', type: 'purchase', count: 1 },
    { day: 100, tag: 'c', type: 'click', count: 1 },
    { day: 100, tag: 'd', type: 'dismiss', count: 3 },
    { day: 101, tag: 'e', type: 'rating', count: 9 },
  ];
  expect(likedTags(counts, weights, 100)).toEqual([
    { tag: tagHash('a'), weight: 255 },
    { tag: tagHash('b'), weight: 128 },
    { tag: tagHash('c'), weight: 51 },
  ]);
});

it('at most eight tags are kept, and none where nothing is liked', () => {
  const counts = Array.from({ length: 20 }, (_, i) => ({ day: 1, tag: `t${i}`, type: 'click', count: 20 - i }));
  expect(likedTags(counts, weights, 1).map(({ tag }) => tag)).toEqual(
    Array.from({ length: 8 }, (_, i) => tagHash(`t${i}`)),
  );
  expect(likedTags([], weights, 1)).toEqual([]);
});
