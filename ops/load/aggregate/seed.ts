import type { ActivityCount } from '../../../pipeline/domain/feature/activity.ts';
import { createAggregation } from '../../../pipeline/stages/aggregation/aggregation.ts';
import { openDatabase, type Tx } from '../../../pipeline/stores/postgres/database.ts';
import { createExposureLog } from '../../../pipeline/stores/postgres/feature-activity.ts';
import { createFeatureStore } from '../../../pipeline/stores/postgres/feature-store.ts';
import { topics } from '../../../schemas/topics.ts';
import type { Scenario } from './scenarios.ts';

const eventsATransaction = 4_000;
const nothing = { write: () => Buffer.alloc(0) };

/** Counts commute: they are summed here and written once. */
function summed() {
  const sums = new Map<string, ActivityCount>();
  return {
    add(counts: readonly ActivityCount[]) {
      for (const one of counts) {
        const key = `${one.hour} ${one.type} ${one.segment} ${one.itemId}`;
        const known = sums.get(key);
        if (known) known.count += one.count;
        else sums.set(key, { ...one });
      }
    },
    all: () => [...sums.values()],
  };
}

/** State as the first events have left it, by the stage itself but without outbox and claims: minutes become seconds. */
export async function seedState(url: string, { events, seeded }: Scenario): Promise<void> {
  if (seeded === 0) return;
  const db = openDatabase({ url, maxConnections: 1, onIdleError: () => undefined });
  const features = createFeatureStore();
  const activity = summed();
  const stage = createAggregation<Tx>({
    stateVersion: 1,
    applied: { claim: async (_, __, ids) => new Set(ids) },
    features: { ...features, addActivity: async (_, __, counts) => activity.add(counts) },
    exposures: createExposureLog(),
    appendOutbox: async () => undefined,
    writers: { profile: nothing, session: nothing },
  });
  try {
    for (let from = 0; from < seeded; from += eventsATransaction) {
      const length = Math.min(eventsATransaction, seeded - from);
      const batch = Array.from({ length }, (_, at) => ({
        topic: topics.interactionEnriched.name,
        partition: 0,
        offset: BigInt(from + at),
        key: null,
        value: events.at(from + at),
        timestampMs: 0,
      }));
      await db.transaction((tx) => stage.apply(tx, batch));
    }
    const counts = activity.all();
    for (let from = 0; from < counts.length; from += eventsATransaction) {
      await features.addActivity(db, 1, counts.slice(from, from + eventsATransaction));
    }
    await db.query({ text: 'VACUUM (ANALYZE)' });
  } finally {
    await db.close();
  }
}
