import { TransientError } from '../../kernel/errors.ts';
import { operatorMark, type Progress, type ProgressKey, type StoredProgress } from '../progress.ts';
import type { Database, Tx } from './database.ts';

/** Neither column that is set has an index and the table is half full, so each move is a HOT update. */
const advance = {
  name: 'progress-advance',
  text: `UPDATE consumer_offset SET next_offset = $7, updated_at = clock_timestamp()
          WHERE state_version = $1 AND stage = $2 AND topic = $3 AND partition = $4
            AND epoch = $5 AND next_offset = $6
         RETURNING 1`,
};

/**
 * The same outside of a transaction, without waiting for the disk: the effect it marks may be repeated, so what a
 * crash of the server forgets is only done again. The setting ends with the statement. 0.18 ms against 1.4 ms a move,
 * 12,400 against 2,500 moves/s at eight partitions (embedded Postgres 18.1, 2 cores, November 2026).
 */
const advanceAlone = {
  name: 'progress-advance-alone',
  text: advance.text.replace(
    'WHERE',
    `FROM (SELECT set_config('synchronous_commit', 'off', true)) AS hurry
          WHERE`,
  ),
};

export function createPostgresProgress(database: Database): Progress<Tx> {
  return {
    async claim({ stateVersion, stage, topic, partition, initial, owner }) {
      const [row] = await database.query<{ epoch: bigint; next_offset: bigint }>({
        name: 'progress-claim',
        text: `INSERT INTO consumer_offset AS o (state_version, stage, topic, partition, next_offset, epoch, owner)
               SELECT $1::int, $2, $3, $4::int, $5::bigint, 1, $6
                WHERE $1 = 0 OR EXISTS (SELECT FROM state_version WHERE version = $1 AND status = 'running')
               ON CONFLICT (state_version, stage, topic, partition)
               DO UPDATE SET epoch = o.epoch + 1, owner = EXCLUDED.owner, updated_at = clock_timestamp()
               RETURNING epoch, next_offset`,
        values: [stateVersion, stage, topic, partition, initial, owner],
      });
      if (row === undefined)
        throw new TransientError('state_version_retired', `state version ${stateVersion} is not worked on any more`);
      return { epoch: row.epoch, nextOffset: row.next_offset };
    },
    async advance(tx, { stateVersion, stage, topic, partition, epoch, expected, next }) {
      const values = [stateVersion, stage, topic, partition, epoch, expected, next];
      const moved = tx === undefined ? database.query({ ...advanceAlone, values }) : tx.query({ ...advance, values });
      return (await moved).length === 1;
    },
    async move({ stateVersion, stage, topic, partition, operator, next }) {
      const moved = await database.query({
        text: `UPDATE consumer_offset SET epoch = epoch + 1, owner = $5, next_offset = coalesce($6::bigint, next_offset),
                      updated_at = clock_timestamp()
                WHERE state_version = $1 AND stage = $2 AND topic = $3 AND partition = $4
               RETURNING 1`,
        values: [stateVersion, stage, topic, partition, operatorMark + operator, next ?? null],
      });
      return moved.length === 1;
    },
    moved: ({ stateVersion, stage }) =>
      database.query<ProgressKey>({
        name: 'progress-moved',
        text: `SELECT state_version AS "stateVersion", stage, topic, partition FROM consumer_offset
                WHERE state_version = $1 AND stage = $2 AND owner LIKE '${operatorMark}%'`,
        values: [stateVersion, stage],
      }),
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
