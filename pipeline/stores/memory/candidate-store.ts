import type { CandidateWriter, ProjectionState } from '../candidate.ts';
import { redisKeys } from '../redis/keys.ts';

export interface MemoryCandidateStore extends CandidateWriter, ProjectionState {
  /** Packed values by the key they have in Redis. */
  readonly values: Map<string, Buffer>;
  /** Names of popular lists, `ns segment`. */
  readonly popularNames: Set<string>;
  /** What the feed told, oldest first. */
  readonly told: { readonly namespace: string; readonly segment: string }[];
  activeVersion: number | undefined;
  /** Loses everything, as a flush does. */
  flush(): void;
}

/** Lists within the process, for tests. */
export function createMemoryCandidateStore(): MemoryCandidateStore {
  const values = new Map<string, Buffer>();
  const popularNames = new Set<string>();
  const told: { namespace: string; segment: string }[] = [];
  const marks = new Map<number, Set<number>>();
  const put = (key: string, value: Buffer | null) => (value ? values.set(key, value) : values.delete(key));
  return {
    values,
    popularNames,
    told,
    activeVersion: undefined,
    async saveUsers(version, users) {
      for (const { namespace, userId, list, profile } of users) {
        put(redisKeys.list(version, namespace, userId), list);
        put(redisKeys.profile(version, namespace, userId), profile);
      }
    },
    async saveSimilar(version, items) {
      for (const { namespace, item, list } of items) put(redisKeys.similar(version, namespace, item), list);
    },
    async savePopular(version, lists) {
      for (const { namespace, segment, list } of lists) {
        put(redisKeys.popular(version, namespace, segment), list);
        if (list) popularNames.add(`${namespace} ${segment}`);
        else popularNames.delete(`${namespace} ${segment}`);
        told.push({ namespace, segment });
      }
    },
    projected: async (version) => new Set(marks.get(version)),
    async markProjected(version, partition) {
      marks.set(version, (marks.get(version) ?? new Set()).add(partition));
    },
    async assertActive(version) {
      this.activeVersion = version;
    },
    flush() {
      values.clear();
      popularNames.clear();
      marks.clear();
      this.activeVersion = undefined;
    },
  };
}
