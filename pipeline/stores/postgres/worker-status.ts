import type { StoredOffset, StoredWorker, WorkerStatusStore } from '../worker-status.ts';
import { openDatabase } from './database.ts';

/** A server that hangs must hold up neither the next look nor the stop of the process. */
const queryTimeoutMs = 3_000;

/** `started_at` is set once. Nothing is lost with an unwritten row, so no commit waits for the disk. */
const write = {
  name: 'worker-status-write',
  text: `INSERT INTO worker_status (instance, roles, app_version, started_at, state)
         VALUES ($1, $2, $3, clock_timestamp(), $4)
         ON CONFLICT (instance) DO UPDATE SET seen_at = clock_timestamp(), state = EXCLUDED.state`,
};

/** Not in the same transaction: two processes that wake from a long sleep would each wait for the other's row. */
const sweep = {
  name: 'worker-status-sweep',
  text: `DELETE FROM worker_status WHERE seen_at < clock_timestamp() - interval '60 s'`,
};

const workers = {
  name: 'worker-status-list',
  text: `SELECT instance, roles, app_version AS "appVersion", started_at AS "startedAt", seen_at AS "seenAt", state,
                (date_part('epoch', clock_timestamp() - seen_at) * 1000)::float8 AS "silentMs"
           FROM worker_status ORDER BY instance`,
};

const offsets = {
  name: 'worker-status-offsets',
  text: `SELECT state_version AS "stateVersion", stage, topic, partition, next_offset AS "nextOffset", owner,
                updated_at AS "updatedAt"
           FROM consumer_offset ORDER BY stage, state_version, topic, partition`,
};

const versions = {
  name: 'worker-status-versions',
  text: `SELECT version, source FROM state_version WHERE status = 'running' ORDER BY version`,
};

/** Over two connections of its own: one for this process's row, one for whoever asks. */
export function openWorkerStatus(url: string): WorkerStatusStore {
  const db = openDatabase({
    url,
    maxConnections: 2,
    settings: { synchronous_commit: 'off' },
    queryTimeoutMs,
    onIdleError: () => undefined, // the next write says so
  });
  return {
    async write({ instance, roles, appVersion, state }) {
      await db.query({ ...write, values: [instance, roles, appVersion, JSON.stringify(state)] });
      await db.query(sweep);
    },
    async remove(instance) {
      await db.query({ text: 'DELETE FROM worker_status WHERE instance = $1', values: [instance] });
    },
    async read() {
      const [saying, stored, running] = await Promise.all([
        db.query<StoredWorker>(workers),
        db.query<StoredOffset>(offsets),
        db.query<{ version: number; source: 'enriched' | 'recorded' }>(versions),
      ]);
      return { workers: saying, offsets: stored, versions: running };
    },
    close: () => db.close(),
  };
}
