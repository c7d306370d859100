import type { FeedRead } from '../../pipeline/stores/feed.ts';

/** Negative where a is older than b. */
export function compareIds(a: string, b: string): number {
  const [aMs = '0', aSequence = '0'] = a.split('-');
  const [bMs = '0', bSequence = '0'] = b.split('-');
  return Number(aMs) - Number(bMs) || Number(aSequence) - Number(bSequence);
}

/**
 * Why a reader that stood at `afterId` cannot go on from there; undefined where it can. `trimmed` may
 * be said too often (the entry it stood at is gone, though none after it was), never too seldom.
 */
export function lostTrack(afterId: string, read: FeedRead<unknown>): 'flushed' | 'trimmed' | undefined {
  if (compareIds(read.lastId, afterId) < 0) return 'flushed';
  if (compareIds(read.lastId, afterId) === 0) return undefined;
  return read.firstId === undefined || compareIds(read.firstId, afterId) > 0 ? 'trimmed' : undefined;
}
