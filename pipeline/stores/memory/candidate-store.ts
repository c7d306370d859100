import { unpackList } from '../../domain/packed-list.ts';
import type { CandidateWriter, ProjectionState } from '../candidate.ts';

export interface MemoryCandidateStore extends CandidateWriter, ProjectionState {
  /** Packed values by `keys`. */
  readonly values: Map<string, Buffer>;
  /** Names of popular lists, `ns segment`. */
  readonly popularNames: Set<string>;
  /** What the feed told, oldest first. */
  readonly told: { readonly namespace: string; readonly segment: string }[];
  /** Versions whose lists are whole. */
  readonly announced: Set<number>;
  activeVersion: number | undefined;
  /** Loses everything, as a flush does. */
  flush(): void;
}

/** Names of the values. */
export const keys = {
  list: (version: number, namespace: string, userId: string) => `list ${version} ${namespace} ${userId}`,
  profile: (version: number, namespace: string, userId: string) => `profile ${version} ${namespace} ${userId}`,
  similar: (version: number, namespace: string, item: number) => `similar ${version} ${namespace} ${item}`,
  popular: (version: number, namespace: string, segment: string) => `popular ${version} ${namespace} ${segment}`,
} as const;

/** Lists within the process, for tests. */
export function createMemoryCandidateStore(): MemoryCandidateStore {
  const values = new Map<string, Buffer>();
  const popularNames = new Set<string>();
  const told: { namespace: string; segment: string }[] = [];
  const marks = new Map<string, string>();
  const announced = new Set<number>();
  let attempts = 0;
  const put = (key: string, value: Buffer | null) => (value ? values.set(key, value) : values.delete(key));
  return {
    values,
    popularNames,
    told,
    announced,
    activeVersion: undefined,
    async saveUsers(version, users) {
      for (const { namespace, userId, list, profile } of users) {
        const known = values.get(keys.list(version, namespace, userId));
        if (list && known && receivedAt(known) > receivedAt(list)) continue;
        put(keys.list(version, namespace, userId), list);
        put(keys.profile(version, namespace, userId), profile);
      }
    },
    async saveSimilar(version, items) {
      for (const { namespace, item, list } of items) put(keys.similar(version, namespace, item), list);
    },
    async savePopular(version, lists) {
      for (const { namespace, segment, list } of lists) {
        put(keys.popular(version, namespace, segment), list);
        if (list) popularNames.add(`${namespace} ${segment}`);
        else popularNames.delete(`${namespace} ${segment}`);
        told.push({ namespace, segment });
      }
    },
    async projected(version) {
      const names = [...marks].flatMap(([name, attempt]) => (attempt === '' ? [name.split(' ')] : []));
      return new Set(names.flatMap(([of, partition]) => (Number(of) === version ? [Number(partition)] : [])));
    },
    async beginProjection(version, partitions) {
      const attempt = String(++attempts);
      for (const partition of partitions) marks.set(`${version} ${partition}`, attempt);
      return attempt;
    },
    async markProjected(version, partition, attempt) {
      if (marks.get(`${version} ${partition}`) === attempt) marks.set(`${version} ${partition}`, '');
    },
    async announce(version) {
      announced.add(version);
    },
    async active() {
      return this.activeVersion;
    },
    async assertActive(version, before) {
      if (this.activeVersion === before) this.activeVersion = version;
    },
    flush() {
      values.clear();
      popularNames.clear();
      marks.clear();
      announced.clear();
      this.activeVersion = undefined;
    },
  };
}

const receivedAt = (list: Buffer): number => unpackList(list).reflects?.receivedAt ?? 0;
