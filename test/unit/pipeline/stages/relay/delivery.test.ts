import { describe, expect, it } from 'vitest';
import { parseSnapshot } from '../../../../../pipeline/domain/outbox-cursor.ts';
import type { Clock } from '../../../../../pipeline/kernel/clock.ts';
import { FreshetError, TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import { Abandoned } from '../../../../../pipeline/stages/relay/abandoned.ts';
import { createDelivery, type DeliveryOptions } from '../../../../../pipeline/stages/relay/delivery.ts';
import { createHeldKeys } from '../../../../../pipeline/stages/relay/held-keys.ts';
import { createShardState } from '../../../../../pipeline/stages/relay/shard-state.ts';
import { createUnknownTopics } from '../../../../../pipeline/stages/relay/unknown-topics.ts';
import type { PageRow, ParkedRecord } from '../../../../../pipeline/stores/relay.ts';

const rowsOf = (...ids: string[]): PageRow[] =>
  ids.map((id, at) => ({
    seq: BigInt(at + 1),
    topic: id.startsWith('nowhere') ? 'nowhere' : 't',
    key: Buffer.from(id.includes(':') ? (id.split(':')[0] as string) : 'k'),
    payload: Buffer.from(id),
    createdAt: 0,
  }));

const stateOf = (shard: number) =>
  createShardState(
    { shard, epoch: 1n, cursor: { base: parseSnapshot('3:3:'), baseFloor: 0n, holds: new Map() }, nextFloor: 0n },
    0,
  );

/** A broker that answers as `refuse` says; time passes only by waiting. */
function setup(refuse: (ids: string[]) => FreshetError | undefined, overrides: Partial<DeliveryOptions> = {}) {
  const published: string[] = [];
  const parked: ParkedRecord[] = [];
  const held: bigint[] = [];
  const unparked: bigint[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
  const delivery = createDelivery({
    sender: {
      async send(parts) {
        const ids = parts.flatMap(({ rows }) => rows.map(({ payload }) => String(payload)));
        const error = refuse(ids);
        if (error) throw error;
        published.push(...ids);
      },
    },
    session: {
      async park(record) {
        parked.push(record);
        return true;
      },
      async hold({ seqs }) {
        held.push(...seqs);
        return true;
      },
      async unpark({ seqs }) {
        unparked.push(...seqs);
        return true;
      },
    },
    heldKeys: createHeldKeys({ strictTopics: new Set(), session: { heldKeys: async () => [] } }),
    unknownTopics: createUnknownTopics({ clock, isExpected: (topic) => topic === 't' }),
    clock,
    random: () => 0.5,
    log: createLogger('silent' as 'error'),
    metrics: createMetrics(),
    mayPublish: () => true,
    isHeld: () => true,
    signal: new AbortController().signal,
    ...overrides,
  });
  return { delivery, published, parked, held, unparked, clock };
}

/** Answers with the error so many times. */
function times(count: number, error: FreshetError): () => FreshetError | undefined {
  let left = count;
  return () => {
    left -= 1;
    return left >= 0 ? error : undefined;
  };
}

const page = (...ids: string[]) => ({ state: stateOf(0), rows: rowsOf(...ids), full: false });
const tooLarge = () => new FreshetError('record_too_large', 'too large');
const away = () => new TransientError('kafka_unavailable', 'away');

describe('delivering a page', () => {
  it('parks the one record that the broker refuses and publishes all others in order', async () => {
    const { delivery, published, parked } = setup((ids) => (ids.includes('e5') ? tooLarge() : undefined));
    await delivery.alone(page('e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9'));
    expect(published).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e6', 'e7', 'e8', 'e9']);
    expect(parked).toEqual([{ shard: 0, epoch: 1n, seq: 6n, reason: 'record_too_large', message: 'too large' }]);
  });

  it('parks every record of a page when each is refused', async () => {
    const { delivery, parked } = setup(() => tooLarge());
    await delivery.alone(page('e0', 'e1', 'e2'));
    expect(parked.map(({ seq }) => seq)).toEqual([1n, 2n, 3n]);
  });

  it('waits as long as the broker is away, and parks nothing', async () => {
    const { delivery, published, parked, clock } = setup(times(500, away()));
    await delivery.alone(page('e0', 'e1'));
    expect(published).toEqual(['e0', 'e1']);
    expect(parked).toEqual([]);
    expect(clock.monotonic()).toBeGreaterThan(300_000);
  });

  it('parks records of an unknown topic only after the broker has denied it for a while', async () => {
    const { delivery, published, parked, clock } = setup((ids) =>
      ids.includes('nowhere') ? new FreshetError('topic_unknown', 'no such topic') : undefined,
    );
    await delivery.alone(page('e0', 'nowhere', 'e1'));
    expect(published).toEqual(['e0', 'e1']);
    expect(parked.map(({ reason }) => reason)).toEqual(['topic_unknown']);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(5_000);
  });

  it('waits as long as a topic of the installation is not there, and parks nothing', async () => {
    const { delivery, published, parked, clock } = setup(
      times(500, new FreshetError('topic_unknown', 'no such topic')),
    );
    await delivery.alone(page('e0', 'e1'));
    expect(published).toEqual(['e0', 'e1']);
    expect(parked).toEqual([]);
    expect(clock.monotonic()).toBeGreaterThan(300_000);
  });

  it('publishes records of a topic that appears while it waits', async () => {
    const { delivery, published, parked } = setup(times(3, new FreshetError('topic_unknown', 'no such topic')));
    await delivery.alone(page('nowhere'));
    expect(published).toEqual(['nowhere']);
    expect(parked).toEqual([]);
  });

  it('gives up a page whose shard is lost while it waits', async () => {
    let attempts = 0;
    const refuse = () => {
      attempts += 1;
      return away();
    };
    const { delivery, published } = setup(refuse, { isHeld: () => attempts < 3 });
    await expect(delivery.alone(page('e0'))).rejects.toBeInstanceOf(Abandoned);
    expect(attempts).toBe(3);
    expect(published).toEqual([]);
  });

  it('sends nothing while its lease may have run out', async () => {
    const late = times(4, away());
    const { delivery, published, clock } = setup(() => undefined, { mayPublish: () => late() === undefined });
    await delivery.alone(page('e0'));
    expect(published).toEqual(['e0']);
    expect(clock.monotonic()).toBeGreaterThan(0);
  });

  it('gives up a record that it may no longer park', async () => {
    const { delivery } = setup(() => tooLarge(), {
      session: { park: async () => false, hold: async () => false, unpark: async () => false },
    });
    await expect(delivery.alone(page('e0'))).rejects.toBeInstanceOf(Abandoned);
  });

  it('lets a bug through instead of retrying it', async () => {
    const { delivery } = setup(() => new RangeError('bug') as unknown as FreshetError);
    await expect(delivery.alone(page('e0'))).rejects.toBeInstanceOf(RangeError);
  });
});

describe('delivering pages together', () => {
  const pages = [page('a0', 'a1'), { ...page('b0'), state: stateOf(1) }];

  it('publishes them in one request', async () => {
    const { delivery, published } = setup(() => undefined);
    expect(await delivery.together(pages)).toBe(true);
    expect(published).toEqual(['a0', 'a1', 'b0']);
  });

  it('sends none of them where a shard was handed over after its page was read', async () => {
    const { delivery, published } = setup(() => undefined, { isHeld: ({ shard }) => shard === 0 });
    expect(await delivery.together(pages)).toBe(false);
    expect(published).toEqual([]);
  });

  it.each([away(), tooLarge()])('lets each go its own way after %s', async (error) => {
    const { delivery, parked } = setup(() => error);
    expect(await delivery.together(pages)).toBe(false);
    expect(parked).toEqual([]);
  });
});

describe('records of a strict-order topic', () => {
  const strict = () => createHeldKeys({ strictTopics: new Set(['t']), session: { heldKeys: async () => [] } });
  const refuse = (...bad: string[]) => ({
    refused: new Set(bad),
    answer(ids: string[]) {
      return ids.some((id) => this.refused.has(id)) ? tooLarge() : undefined;
    },
  });

  it('wait behind one of their key that was refused, while other keys go on', async () => {
    const broker = refuse('a:1');
    const heldKeys = strict();
    const { delivery, published, parked, held } = setup((ids) => broker.answer(ids), { heldKeys });
    const first = page('b:0', 'a:0', 'a:1', 'b:1', 'a:2', 'c:0', 'a:3', 'b:2');
    await delivery.alone(first);
    expect(published).toEqual(['b:0', 'a:0', 'b:1', 'c:0', 'b:2']);
    expect(parked.map(({ seq }) => seq)).toEqual([3n]);
    expect(held).toEqual([5n, 7n]);
    await delivery.alone({ ...page('a:4', 'c:1'), state: first.state });
    expect(published.slice(5)).toEqual(['c:1']);
  });

  it('are not sent with the pages of others while their key is held', async () => {
    const heldKeys = strict();
    const { delivery, published } = setup(() => undefined, { heldKeys });
    const one = page('a:0', 'b:0');
    heldKeys.add(one.state, one.rows[0] as PageRow);
    expect(await delivery.together([one, { ...page('c:0'), state: stateOf(1) }])).toBe(false);
    expect(published).toEqual([]);
  });

  it('go out in their order when they are released, and stay behind one that is refused again', async () => {
    const broker = refuse('a:2');
    const { delivery, published, parked, held, unparked } = setup((ids) => broker.answer(ids), { heldKeys: strict() });
    const { state, rows } = page('a:1', 'b:1', 'a:2', 'b:2', 'a:3');
    await delivery.release(state, rows);
    expect(published).toEqual(['a:1', 'b:1', 'b:2']);
    expect(parked.map(({ seq }) => seq)).toEqual([3n]);
    expect(unparked).toEqual([1n, 2n, 4n]);
    expect(held).toEqual([]);
  });
});
