import { FreshetError } from '../../kernel/errors.ts';
import type { ActiveVersions } from '../active-version.ts';
import type { Queryable } from './database.ts';

export function createActiveVersions(db: Queryable): ActiveVersions {
  return {
    async current() {
      const [row] = await db.query<{ version: number }>({
        name: 'active-version',
        text: 'SELECT version FROM active_version',
      });
      if (row) return row.version;
      throw new FreshetError('active_version_missing', 'the table active_version is empty: run `freshet migrate up`');
    },
  };
}
