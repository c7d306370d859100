import type { ActivityReader } from '../activity.ts';
import type { Queryable } from './database.ts';

interface Row {
  readonly hour: number;
  readonly segment: string;
  readonly item_id: string;
  readonly type: number;
  readonly count: bigint;
}

export function createActivityReader(db: Queryable): ActivityReader {
  return {
    /** Jumps from namespace to namespace in the primary key; DISTINCT would read every row. */
    async namespaces(stateVersion) {
      const rows = await db.query<{ namespace: string }>({
        name: 'activity-namespaces',
        text: `WITH RECURSIVE found AS (
                 (SELECT namespace FROM item_activity WHERE state_version = $1 ORDER BY namespace LIMIT 1)
                 UNION ALL
                 SELECT (SELECT a.namespace FROM item_activity a
                          WHERE a.state_version = $1 AND a.namespace > found.namespace
                          ORDER BY a.namespace LIMIT 1)
                   FROM found WHERE found.namespace IS NOT NULL)
               SELECT namespace FROM found WHERE namespace IS NOT NULL`,
        values: [stateVersion],
      });
      return rows.map(({ namespace }) => namespace);
    },
    /** One probe of the primary key an hour; sorted, so that an unchanged hour is seen to be unchanged. */
    async hours(stateVersion, namespace, hours) {
      if (hours.length === 0) return [];
      const rows = await db.query<Row>({
        name: 'activity-hours',
        text: `SELECT hour, segment, item_id, type, sum(count)::bigint AS count
                 FROM item_activity
                WHERE state_version = $1 AND namespace = $2 AND hour = ANY ($3::int[])
                GROUP BY hour, segment, item_id, type
                ORDER BY hour, segment, item_id, type`,
        values: [stateVersion, namespace, hours],
      });
      return rows.map(({ item_id: itemId, count, ...row }) => ({ ...row, itemId, count: Number(count) }));
    },
  };
}
