import { type StateSettings, stateSettingsSchema } from '../../domain/feature/settings.ts';
import type { ProfileBody } from '../../domain/feature/state-text.ts';
import { FreshetError } from '../../kernel/errors.ts';
import type { FeatureStore } from '../feature.ts';
import type { Queryable } from './database.ts';
import { addActivity } from './feature-activity.ts';
import { loadSessions, removeSessions, saveSessions } from './feature-sessions.ts';
import { pack } from './packed.ts';

/** Feature state in Postgres, set-based: each call is one statement, whatever the batch. */
export function createFeatureStore(): FeatureStore<Queryable> {
  return {
    settings: readStateSettings,
    async profiles(tx, stateVersion, users) {
      if (users.length === 0) return [];
      const rows = await tx.query<{ namespace: string; user_id: string; revision: bigint; body: ProfileBody }>({
        name: 'profiles-load',
        text: `SELECT p.namespace, p.user_id, p.revision, p.body
                 FROM unnest($2::text[], $3::text[]) AS k (namespace, user_id)
                CROSS JOIN LATERAL (
                      SELECT * FROM user_profile p
                       WHERE p.state_version = $1 AND p.namespace = k.namespace AND p.user_id = k.user_id OFFSET 0) p`,
        values: [stateVersion, users.map((user) => user.namespace), users.map((user) => user.userId)],
      });
      return rows.map(({ namespace, user_id: userId, revision, body }) => ({
        namespace,
        userId,
        revision: Number(revision),
        body,
      }));
    },
    async saveProfiles(tx, stateVersion, profiles) {
      if (profiles.length === 0) return;
      const bodies = pack(profiles.map((one) => JSON.stringify(one.body)));
      await tx.query({
        name: 'profiles-save',
        text: `INSERT INTO user_profile (state_version, namespace, user_id, revision, body)
               SELECT $1, namespace, user_id, revision,
                      convert_from(substring($7::bytea from body_at for body_bytes), 'UTF8')::jsonb
                 FROM unnest($2::text[], $3::text[], $4::bigint[], $5::int[], $6::int[])
                      AS r (namespace, user_id, revision, body_at, body_bytes)
                ORDER BY namespace COLLATE "C", user_id COLLATE "C"
               ON CONFLICT (state_version, namespace, user_id)
               DO UPDATE SET revision = excluded.revision, body = excluded.body`,
        values: [
          stateVersion,
          profiles.map((one) => one.namespace),
          profiles.map((one) => one.userId),
          profiles.map((one) => one.revision),
          bodies.from,
          bodies.length,
          bodies.bytes,
        ],
      });
    },
    sessions: loadSessions,
    saveSessions,
    removeSessions,
    addActivity,
  };
}

async function readStateSettings(db: Queryable, stateVersion: number): Promise<StateSettings> {
  const [row] = await db.query<{ settings: unknown }>({
    text: 'SELECT settings FROM state_version WHERE version = $1',
    values: [stateVersion],
  });
  if (row) return stateSettingsSchema.parse(row.settings);
  throw new FreshetError('state_version_unknown', `there is no state version ${stateVersion}`, {
    fields: { stateVersion },
  });
}
