import { createAggregation } from '../../../../../pipeline/stages/aggregation/aggregation.ts';
import { createMemoryFeatures } from '../../../../../pipeline/stores/memory/feature-store.ts';
import type { OutboxRow } from '../../../../../pipeline/stores/outbox.ts';
import type { ProfileUpdated } from '../../../../../schemas/generated/profile-updated.v1.ts';
import { profileUpdatedSchema } from '../../../../../schemas/generated/profile-updated.v1.ts';
import { type SessionUpdated, sessionUpdatedSchema } from '../../../../../schemas/generated/session-updated.v1.ts';
import { topics } from '../../../../../schemas/topics.ts';

/** Checks against the real schema, then keeps JSON that a test can read back. */
function jsonWriter<V>(schema: { invalidPath(value: unknown): string | undefined }) {
  return {
    write(value: V): Buffer {
      const path = schema.invalidPath(value);
      if (path !== undefined) throw new Error(`record does not fit its schema at ${path}`);
      return Buffer.from(JSON.stringify(value));
    },
  };
}

export const jsonWriters = {
  profile: jsonWriter<ProfileUpdated>(profileUpdatedSchema),
  session: jsonWriter<SessionUpdated>(sessionUpdatedSchema),
};

/** The stage over memory stores, with what it has put into the outbox. */
export function createRig(settings: Record<string, unknown> = {}, stateVersion = 1) {
  const stores = createMemoryFeatures(settings);
  const outbox: OutboxRow[] = [];
  const appendOutbox = async (_: unknown, rows: readonly OutboxRow[]) => {
    outbox.push(...rows);
  };
  const stage = createAggregation<unknown>({ ...stores, stateVersion, appendOutbox, writers: jsonWriters });
  return { ...stores, outbox, stage };
}

/** What a compacted topic keeps of the rows: the newest value a key, nothing where that is a tombstone. */
export function compacted<V>(rows: readonly OutboxRow[], topic: { name: string }): V[] {
  const newest = new Map<string, V>();
  for (const { key, payload } of rows.filter((row) => row.topic === topic.name)) {
    if (payload === null) newest.delete(key.toString());
    else newest.set(key.toString(), JSON.parse(payload.toString()) as V);
  }
  return [...newest.values()];
}

export const compactedProfiles = (rows: readonly OutboxRow[]) => compacted<ProfileUpdated>(rows, topics.profileUpdated);
export const compactedSessions = (rows: readonly OutboxRow[]) => compacted<SessionUpdated>(rows, topics.sessionUpdated);
