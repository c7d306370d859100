import type { ActivityCount } from '../../domain/feature/activity.ts';
import { stateSettingsSchema } from '../../domain/feature/settings.ts';
import type {
  AppliedEvents,
  Exposure,
  ExposureLog,
  FeatureStore,
  StoredProfile,
  StoredSession,
  UserRef,
} from '../feature.ts';

/** What a memory store holds, by version and key; for tests to look at. */
export interface MemoryFeatures {
  readonly applied: Set<string>;
  readonly profiles: Map<string, StoredProfile>;
  readonly sessions: Map<string, StoredSession>;
  readonly activity: Map<string, ActivityCount>;
  readonly exposures: Map<string, Exposure>;
}

export interface MemoryFeatureStores {
  readonly data: MemoryFeatures;
  readonly features: FeatureStore<unknown>;
  readonly applied: AppliedEvents<unknown>;
  readonly exposures: ExposureLog<unknown>;
}

/** Feature state in memory: takes any transaction and undoes nothing. Bodies go through JSON as in Postgres. */
export function createMemoryFeatures(settings: Record<string, unknown> = {}): MemoryFeatureStores {
  const data: MemoryFeatures = {
    applied: new Set(),
    profiles: new Map(),
    sessions: new Map(),
    activity: new Map(),
    exposures: new Map(),
  };
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
  const userKey = (version: number, { namespace, userId }: UserRef) => `${version}|${namespace}|${userId}`;
  const sessionKey = (version: number, one: UserRef & { sessionId: string }) =>
    `${userKey(version, one)}\n${one.sessionId}`;
  return {
    data,
    applied: {
      async claim(_, version, ids) {
        const fresh = new Set(ids.filter((id) => !data.applied.has(`${version}|${id}`)));
        for (const id of fresh) data.applied.add(`${version}|${id}`);
        return fresh;
      },
    },
    exposures: {
      async add(_, version, exposures) {
        for (const one of exposures) {
          const key = `${userKey(version, one)}\n${one.itemId}\n${one.eventId}\n${one.kind}`;
          if (!data.exposures.has(key)) data.exposures.set(key, one);
        }
      },
    },
    features: {
      async settings() {
        return stateSettingsSchema.parse(settings);
      },
      async profiles(_, version, users) {
        return users.flatMap((user) => copy(data.profiles.get(userKey(version, user)) ?? []));
      },
      async sessions(_, version, wanted) {
        return wanted.flatMap((want) =>
          [...data.sessions].flatMap(([key, one]) => {
            const { first, last } = one.body;
            if (!key.startsWith(`${userKey(version, want)}\n`)) return [];
            const span = one.sessionId.startsWith('g:') ? want.components : undefined;
            const inSpan = span && last.occurredAt >= span.fromAt && first.occurredAt <= span.toAt;
            return inSpan || want.sessionIds.includes(one.sessionId) ? [copy(one)] : [];
          }),
        );
      },
      async saveProfiles(_, version, profiles) {
        for (const one of profiles) data.profiles.set(userKey(version, one), copy(one));
      },
      async saveSessions(_, version, sessions) {
        for (const one of sessions) data.sessions.set(sessionKey(version, one), copy(one));
      },
      async removeSessions(_, version, sessions) {
        for (const one of sessions) data.sessions.delete(sessionKey(version, one));
      },
      async addActivity(_, version, counts) {
        for (const { count, ...rest } of counts) {
          const key = JSON.stringify([version, Object.values(rest)]);
          data.activity.set(key, { ...rest, count: (data.activity.get(key)?.count ?? 0) + count });
        }
      },
    },
  };
}
