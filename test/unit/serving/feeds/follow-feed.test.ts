import { beforeEach, describe, expect, it } from 'vitest';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createMetrics } from '../../../../pipeline/kernel/metrics.ts';
import type { Feed, FeedEntry } from '../../../../pipeline/stores/feed.ts';
import { followFeed } from '../../../../serving/feeds/follow-feed.ts';
import { eventually } from '../../../support/eventually.ts';
import { quietLog } from '../../../support/serving-harness.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const hastyClock = { now: () => 0, monotonic: () => 0, sleep: turn };

/** A stream in memory, with the faults a stream can have. */
function createMemoryFeed() {
  const state = { entries: [] as FeedEntry<string>[], lastSequence: 0, lastId: '0-0', failures: 0 };
  const fail = () => {
    if (state.failures === 0) return;
    state.failures -= 1;
    throw new TransientError('redis_unavailable', 'is away');
  };
  const feed: Feed<string> = {
    async lastId() {
      fail();
      return state.lastId;
    },
    async read(afterId) {
      await turn();
      fail();
      const after = Number(afterId.split('-')[0]);
      const entries = state.entries.filter(({ id }) => Number(id.split('-')[0]) > after);
      return { entries, firstId: state.entries[0]?.id, lastId: state.lastId };
    },
  };
  return {
    feed,
    state,
    write(value: string | undefined) {
      state.lastSequence += 1;
      state.lastId = `${state.lastSequence}-0`;
      state.entries.push({ id: state.lastId, value });
    },
    trim: () => state.entries.splice(0),
    flush() {
      state.entries.splice(0);
      state.lastId = '0-0';
    },
  };
}

let memory: ReturnType<typeof createMemoryFeed>;
let loads: number;
let applied: string[];
let failed: unknown[];
let metrics: ReturnType<typeof createMetrics>;
let duringLoad: () => void;
let duringApply: () => void;
beforeEach(() => {
  memory = createMemoryFeed();
  loads = 0;
  applied = [];
  failed = [];
  metrics = createMetrics();
  duringLoad = () => {};
  duringApply = () => {};
});

async function start(feed: () => Feed<string> = () => memory.feed) {
  const follower = followFeed<string>(
    {
      name: 'things',
      feed: async () => feed(),
      async load() {
        loads += 1;
        duringLoad();
      },
      async apply(values) {
        duringApply();
        applied.push(...values);
      },
    },
    { clock: hastyClock, random: () => 0, log: quietLog, metrics },
  );
  const running = await follower.start((error) => failed.push(error));
  return { ...running, loaded: follower.loaded };
}

const loadReasons = async () =>
  Object.fromEntries((await metrics.servingFeedLoads.get()).values.map(({ labels, value }) => [labels.reason, value]));

describe('following a feed', () => {
  it('loads first, then applies what is written, in order', async () => {
    memory.write('before');
    const running = await start();
    expect(running.unready?.()).toBe('things not loaded yet');
    await eventually(() => expect(running.loaded()).toBe(true));
    expect(running.unready?.()).toBeUndefined();
    memory.write('a');
    memory.write('b');
    await eventually(() => expect(applied).toEqual(['a', 'b']));
    expect(loads).toBe(1);
    await running.stop();
  });

  it('misses nothing that is written while it loads', async () => {
    memory.write('before');
    duringLoad = () => memory.write('meanwhile');
    const running = await start();
    await eventually(() => expect(applied).toEqual(['meanwhile']));
    await running.stop();
  });

  it('loads again after entries were trimmed away behind its place', async () => {
    memory.write('before');
    duringLoad = () => {
      if (loads > 1) return;
      memory.write('lost');
      memory.trim();
      memory.write('after');
    };
    const running = await start();
    await eventually(async () => expect(await loadReasons()).toEqual({ start: 1, trimmed: 1 }));
    await running.stop();
  });

  it('loads again after a flush, and goes on with the new stream', async () => {
    memory.write('before');
    const running = await start();
    await eventually(() => expect(running.loaded()).toBe(true));
    memory.flush();
    await eventually(async () => expect(await loadReasons()).toMatchObject({ flushed: 1 }));
    memory.write('x');
    await eventually(() => expect(loads).toBe(3));
    memory.write('y');
    await eventually(() => expect(applied).toEqual(['y']));
    await running.stop();
  });

  it('loads from another feed as soon as there is another', async () => {
    const other = createMemoryFeed();
    let feed = memory.feed;
    const running = await start(() => feed);
    await eventually(() => expect(running.loaded()).toBe(true));
    feed = other.feed;
    await eventually(async () => expect(await loadReasons()).toEqual({ start: 1, switched: 1 }));
    await running.stop();
  });

  it('waits out an outage without forgetting its place', async () => {
    memory.write('before');
    const running = await start();
    await eventually(() => expect(running.loaded()).toBe(true));
    memory.state.failures = 5;
    memory.write('a');
    await eventually(() => expect(applied).toEqual(['a']));
    expect(loads).toBe(1);
    expect((await metrics.servingFeedErrors.get()).values[0]?.value).toBe(5);
    await running.stop();
  });

  it('applies entries again where applying them failed', async () => {
    memory.write('before');
    const running = await start();
    await eventually(() => expect(running.loaded()).toBe(true));
    let faults = 2;
    duringApply = () => {
      if (faults === 0) return;
      faults -= 1;
      throw new TransientError('redis_unavailable', 'is away');
    };
    memory.write('a');
    await eventually(() => expect(applied).toEqual(['a']));
    await running.stop();
  });

  it('counts entries that are not understood and goes on behind them', async () => {
    memory.write('before');
    const running = await start();
    await eventually(() => expect(running.loaded()).toBe(true));
    memory.write(undefined);
    memory.write('a');
    await eventually(() => expect(applied).toEqual(['a']));
    expect((await metrics.servingUndecodable.get()).values).toMatchObject([{ labels: { kind: 'things' }, value: 1 }]);
    await running.stop();
  });

  it('gives up loudly on a fault that waiting does not heal', async () => {
    duringLoad = () => {
      throw new Error('a bug');
    };
    const running = await start();
    await eventually(() => expect(failed).toMatchObject([{ message: 'a bug' }]));
    expect(running.loaded()).toBe(false);
    await running.stop();
  });
});
