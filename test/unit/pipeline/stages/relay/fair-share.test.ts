import { describe, expect, it } from 'vitest';
import { planLeases, shareOf } from '../../../../../pipeline/stages/relay/fair-share.ts';
import type { LeaseRow, LeaseView } from '../../../../../pipeline/stores/relay.ts';

type Owners = Readonly<Record<number, string | null>>;

function view(relays: string[], owners: Owners, state: Partial<LeaseRow> = {}): LeaseView {
  const leases = Array.from({ length: 16 }, (_, shard) => ({
    shard,
    epoch: 1n,
    owner: owners[shard] ?? null,
    free: owners[shard] === undefined,
    abandoned: false,
    ...(owners[shard] === undefined ? state : {}),
  }));
  return { leases, relays, renewed: [] };
}

const owned = (by: string, shards: number[]): Owners => Object.fromEntries(shards.map((shard) => [shard, by]));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('the fair share', () => {
  it('divides all shards among the relays, whatever their number', () => {
    for (const count of [1, 2, 3, 5, 16, 20]) {
      const relays = range(0, count).map((n) => `r${String(n).padStart(2, '0')}`);
      const shares = relays.map((relay) => shareOf(relay, relays, 16));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(16);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }
  });
});

describe('a relay', () => {
  it('takes everything when it is alone', () => {
    expect(planLeases('a', view(['a'], {}), new Set()).take).toHaveLength(16);
  });

  it('takes no more than its share of what is free, beginning elsewhere than the others', () => {
    const a = planLeases('a', view(['a', 'b'], {}), new Set()).take;
    const b = planLeases('b', view(['a', 'b'], {}), new Set()).take;
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(range(0, 16));
  });

  it('begins elsewhere than the others also where only some shards came free', () => {
    const left = { ...owned('a', range(0, 5)), ...owned('b', range(5, 10)) };
    const a = planLeases('a', view(['a', 'b'], left), new Set(range(0, 5))).take;
    const b = planLeases('b', view(['a', 'b'], left), new Set(range(5, 10))).take;
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(range(10, 16));
  });

  it('takes nothing that somebody holds', () => {
    const held = view(['a', 'b'], owned('a', range(0, 16)));
    expect(planLeases('b', held, new Set())).toEqual({ take: [], release: 0 });
  });

  it('hands over what is above its share to a relay that has less', () => {
    const held = view(['a', 'b'], owned('a', range(0, 16)));
    expect(planLeases('a', held, new Set(range(0, 16))).release).toBe(8);
  });

  it('keeps what is above its share while nobody is short', () => {
    const held = view(['a', 'b'], { ...owned('a', range(0, 8)), ...owned('b', range(8, 16)) });
    expect(planLeases('a', held, new Set([...range(0, 8), 8])).release).toBe(0);
  });

  it('takes shards that nobody else took, even above its share', () => {
    const left = view(['a', 'b'], owned('a', range(0, 8)), { abandoned: true });
    expect(planLeases('a', left, new Set(range(0, 8))).take).toEqual(range(8, 16));
  });
});
