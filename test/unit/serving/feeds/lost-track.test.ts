import { expect, it } from 'vitest';
import { compareIds, lostTrack } from '../../../../serving/feeds/lost-track.ts';

const read = (firstId: string | undefined, lastId: string) => ({ entries: [], firstId, lastId });

it('orders ids by time, then by sequence, as numbers', () => {
  expect(['10-2', '9-0', '10-10', '10-0'].toSorted(compareIds)).toEqual(['9-0', '10-0', '10-2', '10-10']);
});

it.each([
  ['nothing was written since', '5-0', read('1-0', '5-0'), undefined],
  ['nothing was written since, though all was trimmed', '5-0', read(undefined, '5-0'), undefined],
  ['the entry it stands at is still there', '5-0', read('5-0', '9-0'), undefined],
  ['there never was a stream', '0-0', read(undefined, '0-0'), undefined],
  ['entries behind its place may be gone', '5-0', read('7-0', '9-0'), 'trimmed'],
  ['all entries behind its place are gone', '5-0', read(undefined, '9-0'), 'trimmed'],
  ['the stream is gone', '5-0', read(undefined, '0-0'), 'flushed'],
  ['the stream is younger than its place', '5-7', read('5-1', '5-2'), 'flushed'],
])('when %s', (_, afterId, found, expected) => {
  expect(lostTrack(afterId, found)).toBe(expected);
});
