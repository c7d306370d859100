import { isImpressionItem } from '../../pipeline/domain/feature/interest.ts';
import { typeNumber } from '../../pipeline/domain/interaction-type.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { InteractionEnriched } from '../../schemas/generated/interaction-enriched.v1.ts';
import type { VersionFacts } from './facts.ts';

export interface StateQuestion {
  readonly version: number;
  readonly namespace: string;
  readonly userId: string;
  readonly eventId: string;
  /** The enriched record and its partition, where one was found: counts are kept by what it says. */
  readonly enriched: { readonly value: InteractionEnriched; readonly partition: number } | undefined;
}

export type StateFacts = Pick<VersionFacts, 'profile' | 'sessionId' | 'activity' | 'exposures'>;

/** What one version of state holds of the event; each by a prefix of a primary key. */
export async function findState(db: Queryable, question: StateQuestion): Promise<StateFacts> {
  const [profile, sessionId, activity, exposures] = await Promise.all([
    profileOf(db, question),
    sessionOf(db, question),
    activityOf(db, question),
    exposuresOf(db, question),
  ]);
  return { profile, sessionId, activity, exposures };
}

async function profileOf(db: Queryable, { version, namespace, userId, eventId }: StateQuestion) {
  const [row] = await db.query<{ revision: bigint; last: string | null; recent: boolean }>({
    text: `SELECT p.revision, p.body -> 'last' ->> 'eventId' AS last,
                  position(' ' || $4 || ' ' IN (p.body ->> 'older') || ' ' || coalesce(s.body ->> 'entries', '')) > 0 AS recent
             FROM user_profile p
             LEFT JOIN session s ON s.state_version = p.state_version AND s.namespace = p.namespace
                  AND s.user_id = p.user_id AND s.session_id = p.body ->> 'currentSessionId'
            WHERE p.state_version = $1 AND p.namespace = $2 AND p.user_id = $3`,
    values: [version, namespace, userId, eventId],
  });
  return row && { revision: row.revision, isLast: row.last === eventId, isRecent: row.recent };
}

async function sessionOf(db: Queryable, { version, namespace, userId, eventId }: StateQuestion) {
  const [row] = await db.query<{ session: string }>({
    text: `SELECT session_id AS session FROM session
            WHERE state_version = $1 AND namespace = $2 AND user_id = $3
              AND position(' ' || $4 || ' ' IN body ->> 'entries') > 0 LIMIT 1`,
    values: [version, namespace, userId, eventId],
  });
  return row?.session ?? null;
}

async function activityOf(db: Queryable, { version, namespace, enriched }: StateQuestion) {
  if (enriched === undefined || enriched.value.itemId === null || isImpressionItem(enriched.value)) return null;
  const { segment, itemId, type, occurredAt } = enriched.value;
  const hour = Math.floor(occurredAt / 3_600_000);
  const [row] = await db.query<{ count: bigint }>({
    text: `SELECT count FROM item_activity
            WHERE state_version = $1 AND namespace = $2 AND hour = $3 AND segment = $4 AND item_id = $5 AND type = $6
              AND source_partition = $7`,
    values: [version, namespace, hour, segment, itemId, typeNumber(type), enriched.partition],
  });
  return { hour: hour * 3_600_000, segment, count: row?.count ?? 0n };
}

function exposuresOf(db: Queryable, { version, namespace, userId, eventId }: StateQuestion) {
  return db.query<{ kind: string; itemId: string }>({
    text: `SELECT kind, item_id AS "itemId" FROM exposure
            WHERE state_version = $1 AND namespace = $2 AND user_id = $3 AND event_id = $4 ORDER BY position LIMIT 200`,
    values: [version, namespace, userId, eventId],
  });
}
