import { eventKeyId } from '../../pipeline/domain/keys.ts';
import { appliedTimes } from '../../pipeline/stores/postgres/applied-event.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { KeyFacts } from './facts.ts';

/** Three index probes. */
export async function findKey(db: Queryable, namespace: string, eventId: string): Promise<KeyFacts> {
  const windows = [0, 1, 2].map((n) => `SELECT ${n} AS n FROM event_key_${n} WHERE id = $1`);
  const [row] = await db.query<{ found: number | null; since: number }>({
    text: `SELECT (SELECT min(n) FROM (${windows.join(' UNION ALL ')}) w) AS found, since FROM event_key_window`,
    values: [eventKeyId(namespace, eventId)],
  });
  return { isTaken: row?.found != null, window: row?.found ?? null, currentSince: row?.since ?? 0 };
}

export interface RunningVersion {
  readonly version: number;
  readonly isActive: boolean;
  readonly source: 'enriched' | 'recorded';
  readonly applied: number;
}

/** The state versions that are worked on, and whether each has applied the event. */
export async function findApplied(db: Queryable, namespace: string, eventId: string): Promise<RunningVersion[]> {
  const id = eventKeyId(namespace, eventId);
  const versions = await db.query<Omit<RunningVersion, 'applied'>>({
    text: `SELECT v.version, v.source, a.version IS NOT NULL AS "isActive"
             FROM state_version v LEFT JOIN active_version a USING (version)
            WHERE v.status = 'running' ORDER BY v.version`,
  });
  return Promise.all(
    versions.map(async (one) => ({
      ...one,
      applied: (await appliedTimes(db, one.version, [id])).get(id) ?? 0,
    })),
  );
}
