import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../../../../pipeline/kernel/metrics.ts';
import { pullRound, type RoundDeps } from '../../../../../../pipeline/stages/ingest/pull/round.ts';
import type { PullLease, PullMark } from '../../../../../../pipeline/stores/catalog-pull.ts';
import type { CatalogSource, PageAnswer, PageRequest } from '../../../../../../pipeline/stores/catalog-source.ts';

const counts = { accepted: 0, unchanged: 0, stale: 0, rejected: 0 };
const page = (items: readonly unknown[], nextCursor: string | null = null): PageAnswer => ({
  kind: 'page',
  items,
  nextCursor,
});
const away = (retryAfterMs?: number): PageAnswer => ({ kind: 'away', why: 'answered 503', retryAfterMs });

/** A round over a service that answers these in turn; items are instants of change. */
async function play(
  answers: readonly PageAnswer[],
  over: Partial<RoundDeps> = {},
  { endedMsAgo = null, ...from }: Partial<PullMark & PullLease> = {},
) {
  let mark: PullMark | undefined = { since: null, seen: null, cursor: null, startedAt: null, ...from };
  const asked: Omit<PageRequest, 'signal'>[] = [];
  const slept: number[] = [];
  const ended: boolean[] = [];
  const left = [...answers];
  const deps: RoundDeps = {
    ref: { namespace: 'shop', url: 'http://shop.example/' },
    owner: 'one',
    everyMs: 600_000,
    overlapMs: 100,
    source: {
      async page({ signal: _, ...request }) {
        asked.push(request);
        return left.shift() ?? page([]);
      },
    },
    marks: {
      take: async () => mark && { mark, endedMsAgo },
      async save(_, __, move) {
        mark = move.mark;
        ended.push(move.roundEnded);
        return true;
      },
      release: async () => undefined,
    },
    store: async (items) => ({ counts, changedAt: items.length > 0 ? Math.max(...(items as number[])) : null }),
    clock: { now: () => 1_000_000, monotonic: () => 0, sleep: async (ms) => void slept.push(ms) },
    random: () => 0,
    metrics: createMetrics(),
    onPage: () => undefined,
    onWait: () => undefined,
    ...over,
  };
  const result = await pullRound(deps, new AbortController().signal);
  return { result, mark, asked, slept, ended };
}

describe('a round of the pull', () => {
  it('asks again from the overlap before the latest change of the round before', async () => {
    const { asked, mark } = await play([page([7_000])], {}, { since: 5_000 });
    expect(asked).toEqual([{ updatedSince: 4_900, cursor: null, limit: 500 }]);
    expect(mark).toEqual({ since: 7_000, seen: null, cursor: null, startedAt: null });
  });

  it('moves the mark at its end, to the latest change of all of its pages', async () => {
    const { result, mark, asked, ended } = await play([page([9_000], 'a'), page([8_000], 'b'), page([])]);
    expect(result).toBe('ended');
    expect(asked.map(({ updatedSince, cursor }) => [updatedSince, cursor])).toEqual([
      [null, null],
      [null, 'a'],
      [null, 'b'],
    ]);
    expect(ended).toEqual([false, false, true]);
    expect(mark).toEqual({ since: 9_000, seen: null, cursor: null, startedAt: null });
  });

  it('never moves it backwards', async () => {
    expect((await play([page([3_000])], {}, { since: 5_000 })).mark?.since).toBe(5_000);
    expect((await play([page([])], {}, { since: 5_000 })).mark?.since).toBe(5_000);
  });

  it('moves it no further than to where the round began: a page already read may have changed since', async () => {
    let now = 10_000;
    const clock = { now: () => now, monotonic: () => 0, sleep: async () => undefined };
    const store: RoundDeps['store'] = async (items) => {
      now += 7_200_000;
      return { counts, changedAt: (items as number[])[0] ?? null };
    };
    const over = { clock, store };
    const round = await play([page([9_000], 'a'), page([7_000_000], 'b'), page([8_000])], over, { since: 5_000 });
    expect(round.mark).toEqual({ since: 10_000, seen: null, cursor: null, startedAt: null });
  });

  it('knows after a restart when the round began, and moves nothing where that is not known', async () => {
    const underWay = { since: 5_000, seen: 8_000, cursor: 'x' };
    expect((await play([page([9_000])], {}, { ...underWay, startedAt: 7_000 })).mark?.since).toBe(7_000);
    expect((await play([page([9_000])], {}, underWay)).mark?.since).toBe(5_000);
  });

  it('goes on with the page that was not stored', async () => {
    const { asked, mark } = await play(
      [page([6_000])],
      {},
      { since: 5_000, seen: 8_000, cursor: 'x', startedAt: 9_000 },
    );
    expect(asked).toEqual([{ updatedSince: 4_900, cursor: 'x', limit: 500 }]);
    expect(mark?.since).toBe(8_000);
  });

  it('waits longer each time a service is away, from the start again once it answers', async () => {
    const { slept } = await play([away(), away(), away(), page([1], 'a'), away(), page([2])]);
    expect(slept).toEqual([250, 500, 1_000, 250]);
  });

  it('waits as long as the service says, but no longer than a minute', async () => {
    expect((await play([away(7_000), away(86_400_000), page([])])).slept).toEqual([7_000, 60_000]);
    expect((await play([away(8_000), page([])], { random: () => 1 })).slept).toEqual([10_000]);
  });

  it('asks for a page again that could not be stored', async () => {
    let isFirst = true;
    const { asked, slept } = await play([page([1], 'a'), page([1], 'a'), page([2])], {
      store: async (items) => {
        if (!isFirst) return { counts, changedAt: (items as number[])[0] ?? null };
        isFirst = false;
        return { waitFor: 'the outbox is full' };
      },
    });
    expect(asked.map(({ cursor }) => cursor)).toEqual([null, null, 'a']);
    expect(slept).toEqual([250]);
  });

  it('waits longer each time the service forgets its cursor, whatever pages it answers in between', async () => {
    const gone: PageAnswer = { kind: 'gone' };
    const again = [page([1], 'a'), page([1], 'b'), gone];
    const { result, asked, slept } = await play([...again, ...again, ...again, page([2])]);
    expect(result).toBe('ended');
    expect(slept).toEqual([250, 500, 1_000]);
    expect(asked.map(({ cursor }) => cursor)).toEqual([null, 'a', 'b', null, 'a', 'b', null, 'a', 'b', null]);
  });

  it('does not ask for ever where the cursor stays the same', async () => {
    const { asked, slept } = await play([page([1], 'a'), page([2], 'a'), page([2])]);
    expect(asked.map(({ cursor }) => cursor)).toEqual([null, 'a', 'a']);
    expect(slept).toEqual([30_000]);
  });

  it('does not go round for ever where cursors come again', async () => {
    const { asked, slept } = await play([page([1], 'a'), page([1], 'b'), page([1], 'a'), page([1])]);
    expect(asked.map(({ cursor }) => cursor)).toEqual([null, 'a', 'b', 'b']);
    expect(slept).toEqual([30_000]);
  });

  it.each([3, 10, 57, 1_000])('finds a loop of %i cursors within three laps of it', async (length) => {
    let refused = false;
    let pages = 0;
    const source: CatalogSource = {
      async page() {
        pages += 1;
        return page([1], refused ? null : `cursor ${pages % length}`);
      },
    };
    const onWait = () => {
      refused = true;
    };
    const { result, slept } = await play([], { source, onWait });
    expect({ result, slept }).toEqual({ result: 'ended', slept: [30_000] });
    expect(pages).toBeLessThanOrEqual(3 * length + 2);
  });

  it('waits after a page without items that is not the last, and follows no more than 1,000 of those in a row', async () => {
    const empty = Array.from({ length: 1_001 }, (_, index) => page([], `cursor ${index}`));
    const { slept } = await play([page([1], 'first'), ...empty, page([1])]);
    expect(slept).toEqual([...Array<number>(1_000).fill(250), 30_000]);
    const apart = await play([...empty.slice(0, 600), page([1], 'between'), ...empty.slice(600), page([1])]);
    expect(apart.slept).toEqual(Array(1_001).fill(250));
  });

  it('does not begin before it is time, whoever ended the last one, and whatever the clock says', async () => {
    expect(await play([], {}, { endedMsAgo: 200_000 })).toMatchObject({ result: { restMs: 400_000 }, asked: [] });
    expect(await play([], {}, { endedMsAgo: -5_000 })).toMatchObject({ result: { restMs: 600_000 }, asked: [] });
    expect(await play([], {}, { endedMsAgo: 600_000 })).toMatchObject({ result: 'ended' });
  });

  it('goes on at once with a round under way', async () => {
    expect(await play([], {}, { endedMsAgo: 200_000, cursor: 'x' })).toMatchObject({ result: 'ended' });
  });

  it('leaves the mark alone once another process has the lease', async () => {
    const marks = { take: async () => undefined, save: async () => false, release: async () => undefined };
    expect(await play([page([1])], { marks })).toMatchObject({ result: 'standby', asked: [] });
    const lost = {
      ...marks,
      take: async () => ({ mark: { since: null, seen: null, cursor: null, startedAt: null }, endedMsAgo: null }),
    };
    expect(await play([page([1])], { marks: lost })).toMatchObject({ result: 'standby', slept: [] });
  });
});
