import type { Codec } from '../../pipeline/broker/codec.ts';
import { createMemoryBroker } from '../../pipeline/broker/memory/broker.ts';
import { profileKey, sessionKey } from '../../pipeline/domain/keys.ts';
import { partitionOf } from '../../pipeline/domain/murmur2.ts';
import { unpackList } from '../../pipeline/domain/packed-list.ts';
import { unpackProfile } from '../../pipeline/domain/packed-profile.ts';
import { defaultSettings, type NamespaceSettings } from '../../pipeline/domain/settings.ts';
import { type Running, startAll } from '../../pipeline/kernel/component.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import type { Delivery } from '../../pipeline/kernel/stage.ts';
import { createCandidates } from '../../pipeline/stages/candidates/candidates.ts';
import type { ActivityRow } from '../../pipeline/stores/activity.ts';
import { createMemoryCandidateStore, keys } from '../../pipeline/stores/memory/candidate-store.ts';
import { createMemoryRefreshQueue } from '../../pipeline/stores/memory/refresh-queue.ts';
import type { ProfileUpdated, SessionItem } from '../../schemas/generated/profile-updated.v1.ts';
import type { SessionUpdated } from '../../schemas/generated/session-updated.v1.ts';
import { topics } from '../../schemas/topics.ts';
import { hastyClock } from './runner-harness.ts';

export const now = 1_800_000_000_000;
export const version = 1;
export const namespace = 'shop';
const log = createLogger('fatal');

/** JSON instead of Avro: what matters here is what candidates do with a record. */
const codec: Pick<Codec, 'reader'> = {
  reader: () => ({
    read(bytes) {
      const text = bytes.toString();
      if (text === 'poison') return { ok: false, reason: 'undecodable', message: 'not JSON' };
      return { ok: true, value: JSON.parse(text), writerSchemaId: 1 };
    },
  }),
};

export const clicks = (...itemIds: string[]): SessionItem[] =>
  itemIds.map((itemId, at) => ({ itemId, type: 'click', occurredAt: now - 60_000 + at }));

export function profile(userId: string, fields: Partial<ProfileUpdated> = {}): ProfileUpdated {
  return {
    stateVersion: version,
    namespace,
    userId,
    anonymous: false,
    revision: 1,
    lastEvent: { eventId: `e-${userId}`, receivedAt: now, occurredAt: now },
    locale: null,
    segment: '|',
    currentSession: null,
    recent: [],
    bought: [],
    dismissed: [],
    inCart: [],
    affinity: [],
    ...fields,
  };
}

export const inSession = (sessionId: string, items: readonly SessionItem[]) => ({
  currentSession: { sessionId, firstOccurredAt: now, lastOccurredAt: now, items },
});

export function delivery(value: ProfileUpdated | null, key?: Buffer): Delivery<ProfileUpdated> {
  return {
    topic: topics.profileUpdated.name,
    partition: 0,
    offset: 0n,
    key: key ?? (value ? profileKey(value.stateVersion, value.namespace, value.userId) : null),
    value,
    timestampMs: now,
  };
}

/** Candidates over a memory broker and memory stores; `instant` is what the clock says. */
export async function createCandidatesHarness() {
  const broker = createMemoryBroker({ clock: hastyClock, partitionOf, fetchRecords: 10 });
  const { name, partitions } = topics.sessionUpdated;
  await broker.admin.create([{ name, partitions, config: {} }]);
  const store = createMemoryCandidateStore();
  const world = {
    instant: now,
    monotonic: 0,
    owned: new Set<number>(Array.from({ length: partitions }, (_, i) => i)),
    numbers: new Map<string, number>(),
    activity: [] as ActivityRow[],
    hoursAsked: [] as number[][],
    profiles: [] as ProfileUpdated[],
    settings: defaultSettings as NamespaceSettings,
    active: version,
    /** Called while a page of profiles is on its way. */
    whilePaging: async () => {},
  };
  const metrics = createMetrics();
  const refreshQueue = createMemoryRefreshQueue({ partitionCount: partitions, now: () => world.instant });
  const candidates = createCandidates({
    version,
    topics,
    instance: 'test',
    consumers: broker.consumers,
    admin: broker.admin,
    codec,
    writer: store,
    itemNumbers: {
      async resolve(_namespace, ids) {
        return new Map(
          Array.from(ids).flatMap((id) => (world.numbers.has(id) ? [[id, world.numbers.get(id) as number]] : [])),
        );
      },
    },
    activity: {
      namespaces: async () => (world.activity.length > 0 ? [namespace] : []),
      async hours(_version, _namespace, hours) {
        world.hoursAsked.push([...hours]);
        return world.activity.filter(({ hour }) => hours.includes(hour));
      },
    },
    profiles: {
      async after(_version, cursor) {
        if (cursor) return [];
        const page = [...world.profiles];
        await world.whilePaging();
        return page;
      },
      async of(_version, users) {
        const found = world.profiles.filter((one) => users.some(({ userId }) => userId === one.userId));
        await world.whilePaging();
        return found;
      },
    },
    active: { current: async () => world.active },
    refreshQueue,
    settings: { get: () => world.settings, isLoaded: () => true },
    ownsPartition: (partition) => world.owned.has(partition),
    clock: { ...hastyClock, now: () => world.instant, monotonic: () => world.monotonic },
    random: () => 0.5,
    log,
    metrics,
  });
  let running: Running | undefined;
  const failures: unknown[] = [];
  return {
    broker,
    store,
    world,
    metrics,
    refreshQueue,
    candidates,
    failures,
    know(...itemIds: string[]) {
      for (const itemId of itemIds) world.numbers.set(itemId, world.numbers.size + 1);
    },
    number: (itemId: string) => world.numbers.get(itemId) as number,
    /** Starts the session feed alone, or all components. */
    async start(which: 'feed' | 'all' = 'feed') {
      const components = which === 'all' ? candidates.components : candidates.components.slice(0, 1);
      running = await startAll(components, log, (_component, error) => failures.push(error));
      return running;
    },
    stop: () => running?.stop(),
    unready: () => running?.unready?.(),
    async publish(key: Buffer, value: SessionUpdated | 'poison' | null) {
      const bytes = value === null ? null : Buffer.from(value === 'poison' ? value : JSON.stringify(value));
      await broker.producer.send([{ topic: name, records: [{ key, value: bytes }] }]);
    },
    async publishSession(userId: string, items: readonly SessionItem[], stateVersion = version) {
      const lastOccurredAt = items.at(-1)?.occurredAt ?? now;
      const value = { stateVersion, namespace, userId, sessionId: 's', firstOccurredAt: now, lastOccurredAt, items };
      await this.publish(sessionKey(stateVersion, namespace, userId, 's'), value);
    },
    /** The user's list with item ids for numbers; undefined where there is none. */
    list(userId: string) {
      const bytes = store.values.get(keys.list(version, namespace, userId));
      return bytes && named(unpackList(bytes));
    },
    summary(userId: string) {
      const bytes = store.values.get(keys.profile(version, namespace, userId));
      return bytes && unpackProfile(bytes);
    },
    popular(segment: string) {
      const bytes = store.values.get(keys.popular(version, namespace, segment));
      return bytes && named(unpackList(bytes)).items;
    },
    similar(itemId: string) {
      const bytes = store.values.get(keys.similar(version, namespace, world.numbers.get(itemId) ?? 0));
      return bytes && named(unpackList(bytes)).items;
    },
  };

  function named({ reflects, candidates: packed }: ReturnType<typeof unpackList>) {
    const names = new Map(Array.from(world.numbers, ([itemId, number]) => [number, itemId]));
    return {
      reflects,
      items: packed.map(({ item }) => names.get(item)),
      because: packed.map(({ because }) => names.get(because)),
    };
  }
}
