import { describe, expect, it } from 'vitest';
import { defaultIndexSettings } from '../../../../pipeline/domain/session-index.ts';
import { publishedScoring } from '../../../../pipeline/domain/session-scoring.ts';
import { type ClickSession, indexOf, measure, readSplit } from '../../../support/serenade-toy.ts';

const train = readSplit('train');
const test = readSplit('test');
/** The log spans 31 days, and the published index forgets nothing. */
const retentionMs = 365 * 86_400_000;

/**
 * No item has more than 174 sessions here, so m 500 never chooses and time only decides between neighbours that
 * are equally near: with the times dealt out anew, those are in random order too.
 */
function withTimesShuffled(sessions: readonly ClickSession[], random: () => number): ClickSession[] {
  const times = sessions.map(({ lastAt }) => ({ lastAt, at: random() })).sort((a, b) => a.at - b.at);
  return sessions.map((session, i) => ({ ...session, lastAt: times[i]?.lastAt ?? 0 }));
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('session index on Serenade toy', () => {
  it('ranks as published in the published configuration (m 500, k 50, last 2), over 8 orders of ties', () => {
    const settings = {
      ...defaultIndexSettings,
      recentSessions: 500,
      neighbours: 50,
      lastItems: 2,
      scoring: publishedScoring,
      retentionMs,
    };
    const runs = Array.from({ length: 8 }, (_, seed) => {
      const random = mulberry32(seed + 1);
      return measure(indexOf(withTimesShuffled(train, random), settings), test);
    });
    const mrr = runs.reduce((sum, run) => sum + run.mrr, 0) / runs.length;
    const hitRate = runs.reduce((sum, run) => sum + run.hitRate, 0) / runs.length;
    expect(runs[0]?.predictions).toBe(931);
    expect(mrr).toBeGreaterThanOrEqual(0.3258);
    expect(mrr).toBeLessThanOrEqual(0.328);
    expect(hitRate).toBeGreaterThanOrEqual(0.639);
    expect(hitRate).toBeLessThanOrEqual(0.6435);
  });

  it('ranks better as configured by default', () => {
    const { predictions, mrr, hitRate } = measure(indexOf(train, { ...defaultIndexSettings, retentionMs }), test);
    expect(predictions).toBe(931);
    expect(mrr).toBeGreaterThanOrEqual(0.352);
    expect(hitRate).toBeGreaterThanOrEqual(0.664);
  });

  it('ranks no worse with the 30 days it keeps in production', () => {
    expect(measure(indexOf(train, defaultIndexSettings), test).mrr).toBeGreaterThanOrEqual(0.35);
  });
});
