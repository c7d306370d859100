import { sourceBit } from '../../../pipeline/domain/packed-list.ts';
import type { ListReader } from '../../../pipeline/stores/serving.ts';
import type { Decoder } from '../decode.ts';
import type { Candidate, HydratedQuery } from '../query.ts';
import type { Source } from '../roles.ts';
import { latestItems } from '../seen.ts';

/** Latest items that are continued from; older ones add little and cost a value each. */
const anchorLimit = 5;

interface Neighbours {
  /** Items continued from, the most telling first. */
  readonly anchors: readonly number[];
  readonly lists: readonly (Buffer | null)[];
}

/**
 * Goes on from what the query names (context items), else from what the user did last: the neighbours
 * of those items. Without context items it speaks only where better rungs have put in nothing, because
 * the neighbours then cost the second wait.
 */
export function createSessionSource(lists: ListReader, decoder: Decoder): Source {
  return {
    level: 'session',
    async candidates(query, kept) {
      const found = query.user.contextItems.length > 0 ? fromContext(query) : await fromLatest(lists, query, kept);
      if (found === undefined) return undefined;
      const unpacked = found.lists.map((bytes) => decoder.neighbours(bytes)?.candidates ?? []);
      return unpacked.every((list) => list.length === 0) ? undefined : continueFrom(found.anchors, unpacked);
    },
  };
}

function fromContext({ user }: HydratedQuery): Neighbours {
  return { anchors: user.contextItems, lists: user.contextNeighbours };
}

async function fromLatest(lists: ListReader, query: HydratedQuery, kept: number): Promise<Neighbours | undefined> {
  if (kept > 0) return undefined;
  const { user, namespace, rounds } = query;
  const anchors = latestItems(user.profile, user.recent, anchorLimit);
  if (anchors.length === 0) return undefined;
  const found = await rounds.ask(() => lists.similar(user.version, namespace, anchors));
  query.inputs.latestNeighbours = found;
  return found && { anchors, lists: found };
}

/** Sums neighbours over the anchors with linear decay; `because` is the anchor that gave the most. */
export function continueFrom(
  anchors: readonly number[],
  neighbours: readonly (readonly Candidate[])[],
): readonly Candidate[] {
  const sums = new Map<number, { score: number; best: number; because: number }>();
  anchors.forEach((anchor, index) => {
    const weight = (anchors.length - index) / anchors.length;
    for (const { item, score } of neighbours[index] ?? []) {
      const share = weight * score;
      const sum = sums.get(item);
      if (sum === undefined) sums.set(item, { score: share, best: share, because: anchor });
      else {
        sum.score += share;
        if (share > sum.best) Object.assign(sum, { best: share, because: anchor });
      }
    }
  });
  return [...sums]
    .map(([item, { score, because }]) => ({ item, score, because, sources: sourceBit('similar') }))
    .sort((a, b) => b.score - a.score || a.item - b.item);
}
