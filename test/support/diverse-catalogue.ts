import type { PackedCandidate } from '../../pipeline/domain/packed-list.ts';
import { candidates } from './serving-harness.ts';

/** A linear congruential generator (Numerical Recipes): the same numbers in every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Items in clusters that share their tags, and lists that stay mostly in one cluster, as lists from sessions do. */
export function catalogueOf({ users, listed, seed }: { users: number; listed: number; seed: number }) {
  const random = numbersFrom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const tags = new Map<number, string[]>();
  for (let item = 1; item <= 2_000; item += 1) {
    const category = item % 20;
    tags.set(item, [`category:c${category}`, `brand:b${3 * category + pick(3)}`, `color:${pick(8)}`]);
  }
  const lists: PackedCandidate[][] = Array.from({ length: users }, (_, user) => {
    const items = new Set<number>();
    while (items.size < listed) {
      const own = 20 * (1 + pick(99)) + (user % 20);
      items.add(random() < 0.6 ? own : 1 + pick(2_000));
    }
    return candidates([...items], 1).map((one, index) => ({ ...one, score: Math.exp(-index / 40) }));
  });
  return { tags, lists };
}

/** NDCG of the first 20 with the scores of the list as gains (Järvelin and Kekäläinen, 2002). */
export function ndcg(items: readonly number[], list: readonly PackedCandidate[]): number {
  const gains = new Map(list.map(({ item, score }) => [item, score]));
  const dcg = (of: readonly number[]) =>
    of.slice(0, 20).reduce((sum, item, index) => sum + (gains.get(item) ?? 0) / Math.log2(index + 2), 0);
  return dcg(items) / dcg(list.map(({ item }) => item));
}

/** Mean Jaccard index of tags over all pairs. */
export function sharedTags(items: readonly number[], tags: ReadonlyMap<number, readonly string[]>): number {
  const pairs = items.flatMap((a, at) =>
    items.slice(at + 1).map((b) => [tags.get(a) ?? [], tags.get(b) ?? []] as const),
  );
  return meanOver(
    pairs.map(([a, b]) => {
      const common = a.filter((tag) => b.includes(tag)).length;
      return common / (a.length + b.length - common);
    }),
  );
}

export const meanOver = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
