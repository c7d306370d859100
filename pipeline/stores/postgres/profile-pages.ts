import type { ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import { profileRecord } from '../../domain/feature/records.ts';
import type { StateSettings } from '../../domain/feature/settings.ts';
import { type ProfileBody, restoreUser, type SessionBody } from '../../domain/feature/state-text.ts';
import type { ProfilePages } from '../profile-pages.ts';
import type { Queryable } from './database.ts';
import { createFeatureStore } from './feature-store.ts';

interface Row {
  readonly namespace: string;
  readonly user_id: string;
  readonly revision: bigint;
  readonly body: ProfileBody;
  readonly session_id: string | null;
  readonly session: SessionBody | null;
}

/** A profile `p` with its current session, by the primary keys of both tables. */
const columns = 'p.namespace, p.user_id, p.revision, p.body, s.session_id, s.body AS session';
const currentSession = `LEFT JOIN session s ON s.state_version = p.state_version AND s.namespace = p.namespace
                                    AND s.user_id = p.user_id AND s.session_id = p.body ->> 'currentSessionId'`;

export function createProfilePages(db: Queryable): ProfilePages {
  const features = createFeatureStore();
  return {
    async after(stateVersion, cursor, limit) {
      const settings = await features.settings(db, stateVersion);
      const rows = await db.query<Row>({
        name: 'profile-page',
        text: `SELECT ${columns} FROM user_profile p ${currentSession}
                WHERE p.state_version = $1 AND (p.namespace, p.user_id) > ($2, $3)
                ORDER BY p.namespace, p.user_id
                LIMIT $4`,
        values: [stateVersion, cursor?.namespace ?? '', cursor?.userId ?? '', limit],
      });
      return rows.map((row) => recordOf(row, stateVersion, settings));
    },
    async of(stateVersion, users) {
      if (users.length === 0) return [];
      const settings = await features.settings(db, stateVersion);
      const rows = await db.query<Row>({
        name: 'profile-look-up',
        text: `SELECT ${columns}
                 FROM unnest($2::text[], $3::text[]) AS k (namespace, user_id)
                CROSS JOIN LATERAL (
                      SELECT * FROM user_profile p
                       WHERE p.state_version = $1 AND p.namespace = k.namespace AND p.user_id = k.user_id OFFSET 0) p
                 ${currentSession}`,
        values: [stateVersion, users.map((user) => user.namespace), users.map((user) => user.userId)],
      });
      return rows.map((row) => recordOf(row, stateVersion, settings));
    },
  };
}

function recordOf(row: Row, stateVersion: number, settings: StateSettings): ProfileUpdated {
  const { namespace, user_id: userId, revision, body, session_id: sessionId, session } = row;
  const sessions = sessionId === null || session === null ? [] : [{ sessionId, body: session }];
  const state = restoreUser(body, sessions, settings);
  const owner = { stateVersion, namespace, userId, revision: Number(revision) };
  return profileRecord(owner, state, { last: body.last, settings });
}
