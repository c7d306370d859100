import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../../../pipeline/kernel/clock.ts';
import { FreshetError, TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { GroupCommit, type GroupCommitOptions } from '../../../../../pipeline/stages/ingest/group-commit.ts';
import type { IngestEntry, IngestStore } from '../../../../../pipeline/stores/ingest.ts';
import { createMemoryIngestStore } from '../../../../../pipeline/stores/memory/ingest-store.ts';
import { eventEntry, unstorableEntry } from '../../../../support/ingest-entries.ts';

const one = (entry: IngestEntry) => ({ entries: [entry] });
const events = (from: number, count: number) => Array.from({ length: count }, (_, i) => eventEntry(`e${from + i}`));

function create(store: IngestStore, over: Partial<GroupCommitOptions> = {}) {
  const calls: number[] = [];
  let committed = 0;
  const commits = new GroupCommit({
    store: {
      append(entries) {
        calls.push(entries.length);
        return store.append(entries);
      },
    },
    clock: systemClock,
    log: createLogger('silent'),
    metrics: createMetrics(),
    onCommitted: () => {
      committed += 1;
    },
    queueLimit: 20_000,
    ...over,
  });
  return { commits, calls, committed: () => committed };
}

/** A store whose calls end when the test says so. */
function heldStore() {
  const ends: (() => void)[] = [];
  const store: IngestStore = {
    append: (entries) => new Promise((resolve) => ends.push(() => resolve(entries.map(() => 'accepted' as const)))),
  };
  return { store, ends };
}

const failingStore = (error: Error): IngestStore => ({ append: () => Promise.reject(error) });

describe('a group commit', () => {
  it('stores what is submitted together in one transaction and answers each for itself', async () => {
    const { commits, calls, committed } = create(createMemoryIngestStore());
    const answers = await Promise.all([
      commits.submit([one(eventEntry('a')), one(eventEntry('b'))]),
      commits.submit([one(eventEntry('b'))]),
      commits.submit([one(eventEntry('c'))]),
    ]);
    expect(answers.map((answer) => answer.kind === 'stored' && answer.results)).toEqual([
      ['accepted', 'accepted'],
      ['duplicate'],
      ['accepted'],
    ]);
    expect(calls).toEqual([4]);
    expect(committed()).toBe(1);
  });

  it('puts at most 1,000 entries into a group and never divides a submission', async () => {
    const { commits, calls } = create(createMemoryIngestStore());
    await Promise.all([0, 600, 1_200].map((from) => commits.submit(events(from, 600).map(one))));
    expect(calls).toEqual([600, 600, 600]);
  });

  it('has two groups under way, and the rest waits', async () => {
    const { store, ends } = heldStore();
    const { commits, calls } = create(store);
    const answers = [0, 1_000, 2_000].map((from) => commits.submit(events(from, 1_000).map(one)));
    await expect.poll(() => calls.length).toBe(2);
    ends[0]?.();
    await expect.poll(() => calls.length).toBe(3);
    ends[1]?.();
    ends[2]?.();
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored']);
  });

  it('rejects one bad entry among 999 good ones, and keeps the order of the good ones', async () => {
    const store = createMemoryIngestStore();
    const { commits, calls } = create(store);
    const entries = events(0, 1_000);
    entries[613] = unstorableEntry('bad');
    const answer = await commits.submit(entries.map(one));
    const results = answer.kind === 'stored' ? answer.results : [];
    expect(results.filter((result) => result === 'accepted')).toHaveLength(999);
    expect(results[613]).toBe('not_storable');
    expect(store.rows.map(({ eventId }) => eventId)).toEqual(
      entries.map(({ row }) => row.eventId).filter((_, index) => index !== 613),
    );
    expect(calls.length).toBeLessThan(25);
  });

  it('stores nothing of a unit with a bad entry, and all of those beside it', async () => {
    const store = createMemoryIngestStore();
    const { commits } = create(store);
    const [good, bad] = await Promise.all([
      commits.submit([one(eventEntry('a'))]),
      commits.submit([{ entries: [eventEntry('b'), unstorableEntry('bad'), eventEntry('c')] }]),
    ]);
    expect(good).toEqual({ kind: 'stored', results: ['accepted'] });
    expect(bad).toEqual({ kind: 'stored', results: ['not_storable', 'not_storable', 'not_storable'] });
    expect(store.rows.map(({ eventId }) => eventId)).toEqual(['a']);
  });

  it('goes on by halves after a deadlock', async () => {
    const memory = createMemoryIngestStore();
    const deadlocked: IngestStore = {
      append: async (entries) => {
        if (entries.length > 2) throw new TransientError('sql_40P01', 'deadlock detected');
        return memory.append(entries);
      },
    };
    const answer = await create(deadlocked).commits.submit(events(0, 8).map(one));
    expect(answer).toEqual({ kind: 'stored', results: Array(8).fill('accepted') });
  });

  it('answers unavailable while Postgres is away, and signals nothing', async () => {
    const { commits, committed } = create(failingStore(new TransientError('postgres_unavailable', 'gone')));
    expect(await commits.submit([one(eventEntry('a'))])).toEqual({ kind: 'unavailable' });
    expect(committed()).toBe(0);
  });

  it('answers failed where no repeating can help', async () => {
    const { commits } = create(failingStore(new FreshetError('sql_42P01', 'no such table')));
    expect(await commits.submit([one(eventEntry('a'))])).toEqual({ kind: 'failed' });
  });

  it('refuses what is over its bound, and takes again when there is room', async () => {
    const { store, ends } = heldStore();
    const { commits } = create(store, { queueLimit: 10 });
    const first = commits.submit(events(0, 8).map(one));
    expect(await commits.submit(events(8, 3).map(one))).toEqual({ kind: 'overloaded' });
    await expect.poll(() => ends.length).toBe(1);
    ends[0]?.();
    await first;
    const next = commits.submit(events(8, 3).map(one));
    await expect.poll(() => ends.length).toBe(2);
    ends[1]?.();
    expect((await next).kind).toBe('stored');
  });

  it('answers unavailable when its group takes too long, and leaves out what was not sent', async () => {
    let pass: () => void = () => undefined;
    let aheadMs = 0;
    const deadline = new Promise<void>((resolve) => {
      pass = () => {
        aheadMs = 10_000;
        resolve();
      };
    });
    const clock: Clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() + aheadMs,
      sleep: (ms, signal) => (ms >= 1_000 ? deadline : systemClock.sleep(ms, signal)),
    };
    const { store, ends } = heldStore();
    const { commits, calls } = create(store, { clock });
    const answers = [0, 1_000, 2_000].map((from) => commits.submit(events(from, 1_000).map(one)));
    await expect.poll(() => calls.length).toBe(2);
    pass();
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(Array(3).fill('unavailable'));
    expect(commits.refusal(1)).toBe('unavailable');
    for (const end of ends) end();
    await expect.poll(() => commits.refusal(1)).toBeUndefined();
    await commits.drain();
    expect(calls).toEqual([1_000, 1_000]);
  });

  it('answers what it has when it drains, and takes nothing new', async () => {
    const { commits } = create(createMemoryIngestStore());
    const before = commits.submit([one(eventEntry('a'))]);
    const drained = commits.drain();
    expect(await commits.submit([one(eventEntry('b'))])).toEqual({ kind: 'overloaded' });
    await drained;
    expect((await before).kind).toBe('stored');
  });
});
