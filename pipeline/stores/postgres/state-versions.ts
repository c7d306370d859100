import { stateSettingsSchema } from '../../domain/feature/settings.ts';
import type { StateVersion, StateVersions } from '../state-version.ts';
import type { Queryable } from './database.ts';

export function createStateVersions(db: Queryable): StateVersions {
  return {
    async running() {
      const rows = await db.query<Omit<StateVersion, 'settings'> & { settings: unknown }>({
        name: 'state-versions',
        text: `SELECT version, settings, source, group_id AS "groupId", rate,
                      version = (SELECT a.version FROM active_version a) AS "isActive"
                 FROM state_version WHERE status = 'running' ORDER BY version`,
      });
      return rows.map((row) => ({ ...row, settings: stateSettingsSchema.parse(row.settings) }));
    },
  };
}
