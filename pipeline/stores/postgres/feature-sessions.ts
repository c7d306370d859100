import type { SessionBody } from '../../domain/feature/state-text.ts';
import type { SessionRef, SessionsWanted, StoredSession } from '../feature.ts';
import type { Queryable } from './database.ts';
import { pack } from './packed.ts';

interface SessionRow {
  readonly namespace: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly body: SessionBody;
}

/**
 * Named sessions by primary key; components by the user's part of it, filtered by time (a user has tens of
 * sessions, and only the bodies of those that match are read). OFFSET 0 keeps each key a look-up of its own: as a
 * join, a plan made while the table was empty reads the whole table a batch until it is analysed (a new version of
 * state took 2.9 ms of the backend an event then, 0.1 with the look-ups).
 */
export async function loadSessions(
  tx: Queryable,
  stateVersion: number,
  wanted: readonly SessionsWanted[],
): Promise<StoredSession[]> {
  if (wanted.length === 0) return [];
  const named = wanted.flatMap(({ namespace, userId, sessionIds }) => sessionIds.map((id) => [namespace, userId, id]));
  const spans = wanted.flatMap(({ namespace, userId, components }) =>
    components ? [{ namespace, userId, ...components }] : [],
  );
  const rows = await tx.query<SessionRow>({
    name: 'sessions-load',
    text: `SELECT s.namespace, s.user_id, s.session_id, s.body
             FROM unnest($2::text[], $3::text[], $4::text[]) AS k (namespace, user_id, session_id)
            CROSS JOIN LATERAL (
                  SELECT * FROM session s
                   WHERE s.state_version = $1 AND s.namespace = k.namespace AND s.user_id = k.user_id
                     AND s.session_id = k.session_id OFFSET 0) s
           UNION ALL
           SELECT s.namespace, s.user_id, s.session_id, s.body
             FROM unnest($5::text[], $6::text[], $7::float8[], $8::float8[]) AS k (namespace, user_id, from_ms, to_ms)
            CROSS JOIN LATERAL (
                  SELECT * FROM session s
                   WHERE s.state_version = $1 AND s.namespace = k.namespace AND s.user_id = k.user_id
                     AND left(s.session_id, 2) = 'g:'
                     AND s.last_occurred_at >= to_timestamp(k.from_ms / 1000)
                     AND s.first_occurred_at <= to_timestamp(k.to_ms / 1000) OFFSET 0) s`,
    values: [
      stateVersion,
      named.map(([namespace]) => namespace),
      named.map(([, userId]) => userId),
      named.map(([, , sessionId]) => sessionId),
      spans.map((span) => span.namespace),
      spans.map((span) => span.userId),
      spans.map((span) => span.fromAt),
      spans.map((span) => span.toAt),
    ],
  });
  const once = new Map<string, StoredSession>();
  for (const { namespace, user_id: userId, session_id: sessionId, body } of rows) {
    once.set(`${namespace}|${userId}\n${sessionId}`, { namespace, userId, sessionId, body });
  }
  return [...once.values()];
}

export async function saveSessions(
  tx: Queryable,
  stateVersion: number,
  sessions: readonly StoredSession[],
): Promise<void> {
  if (sessions.length === 0) return;
  const bodies = pack(sessions.map((one) => JSON.stringify(one.body)));
  await tx.query({
    name: 'sessions-save',
    text: `INSERT INTO session (state_version, namespace, user_id, session_id, first_occurred_at, last_occurred_at, body)
           SELECT $1, namespace, user_id, session_id, to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000),
                  convert_from(substring($9::bytea from body_at for body_bytes), 'UTF8')::jsonb
             FROM unnest($2::text[], $3::text[], $4::text[], $5::float8[], $6::float8[], $7::int[], $8::int[])
                  AS r (namespace, user_id, session_id, first_ms, last_ms, body_at, body_bytes)
            ORDER BY namespace COLLATE "C", user_id COLLATE "C", session_id COLLATE "C"
           ON CONFLICT (state_version, namespace, user_id, session_id)
           DO UPDATE SET first_occurred_at = excluded.first_occurred_at, last_occurred_at = excluded.last_occurred_at,
                         body = excluded.body`,
    values: [
      stateVersion,
      sessions.map((one) => one.namespace),
      sessions.map((one) => one.userId),
      sessions.map((one) => one.sessionId),
      sessions.map((one) => one.body.first.occurredAt),
      sessions.map((one) => one.body.last.occurredAt),
      bodies.from,
      bodies.length,
      bodies.bytes,
    ],
  });
}

/** No order is needed: a user's sessions are removed only by the holder of the user's partition. */
export async function removeSessions(
  tx: Queryable,
  stateVersion: number,
  sessions: readonly SessionRef[],
): Promise<void> {
  if (sessions.length === 0) return;
  await tx.query({
    name: 'sessions-remove',
    text: `DELETE FROM session WHERE ctid = ANY (ARRAY (
             SELECT s.ctid FROM unnest($2::text[], $3::text[], $4::text[]) AS k (namespace, user_id, session_id)
              CROSS JOIN LATERAL (
                    SELECT s.ctid FROM session s
                     WHERE s.state_version = $1 AND s.namespace = k.namespace AND s.user_id = k.user_id
                       AND s.session_id = k.session_id OFFSET 0 FOR UPDATE) s))`,
    values: [
      stateVersion,
      sessions.map((one) => one.namespace),
      sessions.map((one) => one.userId),
      sessions.map((one) => one.sessionId),
    ],
  });
}
