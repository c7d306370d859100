import type { PackedCandidate } from '../pipeline/domain/packed-list.ts';

export const globalSegment = '|';

/** Popular lists by state version, namespace and segment, in process memory. */
export interface PopularityView {
  /** Best first; undefined where there is no such list. */
  list(version: number, namespace: string, segment: string): readonly PackedCandidate[] | undefined;
  set(version: number, namespace: string, segment: string, candidates: readonly PackedCandidate[] | undefined): void;
  drop(version: number): void;
}

export function createPopularityView(): PopularityView {
  const versions = new Map<number, Map<string, readonly PackedCandidate[]>>();
  /** A namespace has no space, so the first one separates. */
  const keyOf = (namespace: string, segment: string) => `${namespace} ${segment}`;
  return {
    list: (version, namespace, segment) => versions.get(version)?.get(keyOf(namespace, segment)),
    set(version, namespace, segment, candidates) {
      const lists = versions.get(version) ?? new Map<string, readonly PackedCandidate[]>();
      versions.set(version, lists);
      if (candidates === undefined) lists.delete(keyOf(namespace, segment));
      else lists.set(keyOf(namespace, segment), candidates);
    },
    drop: (version) => void versions.delete(version),
  };
}
