import type { Progress, StoredProgress } from '../progress.ts';
import type { Database, Tx } from './database.ts';

export function createPostgresProgress(database: Database): Progress<Tx> {
  return {
    async claim({ stateVersion, stage, topic, partition, initial, owner }) {
      const [row] = await database.query<{ epoch: bigint; next_offset: bigint }>({
        name: 'progress-claim',
        text: `INSERT INTO consumer_offset AS o (state_version, stage, topic, partition, next_offset, epoch, owner)
               VALUES ($1, $2, $3, $4, $5, 1, $6)
               ON CONFLICT (state_version, stage, topic, partition)
               DO UPDATE SET epoch = o.epoch + 1, owner = EXCLUDED.owner, updated_at = clock_timestamp()
               RETURNING epoch, next_offset`,
        values: [stateVersion, stage, topic, partition, initial, owner],
      });
      if (row === undefined) throw new Error('claim returned no row');
      return { epoch: row.epoch, nextOffset: row.next_offset };
    },
    /** Neither column is indexed and the table is half full, so each move is a HOT update. */
    async advance(tx, { stateVersion, stage, topic, partition, epoch, expected, next }) {
      const moved = await (tx ?? database).query({
        name: 'progress-advance',
        text: `UPDATE consumer_offset SET next_offset = $7, updated_at = clock_timestamp()
                WHERE state_version = $1 AND stage = $2 AND topic = $3 AND partition = $4
                  AND epoch = $5 AND next_offset = $6
               RETURNING 1`,
        values: [stateVersion, stage, topic, partition, epoch, expected, next],
      });
      return moved.length === 1;
    },
    list: (stage) =>
      database.query<StoredProgress>({
        text: `SELECT state_version AS "stateVersion", stage, topic, partition, next_offset AS "nextOffset", owner,
                      updated_at AS "updatedAt"
                 FROM consumer_offset WHERE $1::text IS NULL OR stage = $1
                ORDER BY state_version, stage, topic, partition`,
        values: [stage ?? null],
      }),
  };
}
