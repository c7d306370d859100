import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Queryable } from '../../pipeline/stores/postgres/database.ts';

/** Two versions of one table, over all their rows at one instant. */
export interface TableComparison {
  readonly table: string;
  readonly rows: readonly [number, number];
  /** Of 64 hash ranges of keys, those whose checksums differ. */
  readonly differingRanges: readonly number[];
  /** Keys that differ and stay so; up to the limit that was asked for. */
  readonly differing: readonly DifferingKey[];
  /** Keys that differ, those that may only be on their way included. */
  readonly differingCount: number;
  /** Of those that were looked at again, how many had changed meanwhile: one version was ahead of the other. */
  readonly moving: number;
}

export interface DifferingKey {
  readonly namespace: string;
  /** A user's id; of item counts the item's. */
  readonly id: string;
  readonly rows: readonly [number, number];
}

interface Source {
  readonly table: string;
  /** Columns: version, namespace, id, digest. What counts batches (`revision`) or names partitions is left out. */
  readonly select: string;
}

/** Counts of items are summed over source partitions. */
const sources: readonly Source[] = [
  {
    table: 'user_profile',
    select: 'SELECT state_version AS version, namespace, user_id AS id, md5(body::text) AS digest FROM user_profile',
  },
  {
    table: 'session',
    select: `SELECT state_version AS version, namespace, user_id AS id, md5(session_id || body::text) AS digest FROM session`,
  },
  {
    table: 'item_activity',
    select: `SELECT state_version AS version, namespace, item_id AS id, md5(concat_ws('|', hour, type, segment, sum(count))) AS digest
               FROM item_activity WHERE state_version IN ($1, $2)
              GROUP BY state_version, namespace, item_id, hour, type, segment`,
  },
  {
    table: 'exposure',
    select: `SELECT state_version AS version, namespace, user_id AS id,
                    md5(concat_ws('|', item_id, event_id, kind, request_id, position, sources, variant, occurred_at)) AS digest
               FROM exposure`,
  },
];

const ranges = 64;
/** Keys looked at again. */
const again = 1_000;
const checksum = `sum(('x' || left(digest, 15))::bit(60)::bigint)`;
const range = `(hashtext(namespace || '|' || id) & ${ranges - 1})`;

export interface CompareOptions {
  readonly versions: readonly [number, number];
  /** Most differing keys told a table. */
  readonly limit: number;
  /** How long a key has to stay the same in both versions to be called different. */
  readonly settleMs: number;
}

/**
 * Compares two versions table by table: rows, checksums a range of keys, and which keys differ. Under live traffic one
 * version may be a moment ahead: what differs is looked at again, and what has changed by then is not called different.
 */
export async function compareVersions(database: Database, options: CompareOptions): Promise<TableComparison[]> {
  const tables: TableComparison[] = [];
  for (const source of sources) tables.push(await compareTable(database, source, options));
  return tables;
}

interface RangeRow {
  readonly range: number;
  readonly version: number;
  readonly rows: bigint;
  readonly checksum: string;
}

async function compareTable(database: Database, source: Source, options: CompareOptions): Promise<TableComparison> {
  const { versions, limit, settleMs } = options;
  const perRange = await database.query<RangeRow>({
    text: `SELECT ${range} AS range, version, count(*) AS rows, ${checksum}::text AS checksum
             FROM (${source.select}) r WHERE version IN ($1, $2) GROUP BY 1, 2`,
    values: [...versions],
  });
  const of = (at: number, version: number) => perRange.find((one) => one.range === at && one.version === version);
  const differingRanges = Array.from({ length: ranges }, (_, at) => at).filter(
    (at) => of(at, versions[0])?.checksum !== of(at, versions[1])?.checksum,
  );
  const count = (version: number) =>
    perRange.reduce((sum, one) => sum + (one.version === version ? Number(one.rows) : 0), 0);
  const rows = [count(versions[0]), count(versions[1])] as const;
  const same = { table: source.table, rows, differingRanges, differing: [], differingCount: 0, moving: 0 };
  if (differingRanges.length === 0) return same;
  const found = await differingKeys(database, source, { versions, ranges: differingRanges });
  await delay(settleMs);
  const later = await differingKeys(database, source, { versions, ranges: differingRanges });
  const looked = found.slice(0, again);
  const stays = new Map(later.map((key) => [nameOf(key), key.state]));
  const settled = looked.filter((key) => stays.get(nameOf(key)) === key.state);
  return {
    ...same,
    differing: settled.slice(0, limit).map(({ namespace, id, rows: counts }) => ({ namespace, id, rows: counts })),
    differingCount: found.length,
    moving: looked.length - settled.length,
  };
}

interface Found extends DifferingKey {
  /** Both checksums, so that a change in either is seen. */
  readonly state: string;
}

const nameOf = ({ namespace, id }: DifferingKey): string => `${namespace}|${id}`;

async function differingKeys(
  db: Queryable,
  source: Source,
  { versions, ranges: within }: { readonly versions: readonly [number, number]; readonly ranges: readonly number[] },
): Promise<Found[]> {
  const side = (n: 1 | 2, what: string) => `${what} FILTER (WHERE version = $${n})`;
  const rows = await db.query<{ namespace: string; id: string; a: bigint; b: bigint; state: string }>({
    text: `SELECT namespace, id, ${side(1, 'count(*)')} AS a, ${side(2, 'count(*)')} AS b,
                  concat(${side(1, checksum)}, '/', ${side(2, checksum)}) AS state
             FROM (${source.select}) r
            WHERE version IN ($1, $2) AND ${range} = ANY ($3::int[])
            GROUP BY namespace, id
           HAVING ${side(1, checksum)} IS DISTINCT FROM ${side(2, checksum)}
            ORDER BY namespace, id`,
    values: [...versions, [...within]],
  });
  return rows.map(({ namespace, id, a, b, state }) => ({ namespace, id, rows: [Number(a), Number(b)], state }));
}

/** Fields of a user's profile that differ between two versions. */
export async function differingFields(
  db: Queryable,
  {
    versions,
    namespace,
    id,
  }: { readonly versions: readonly [number, number] } & Pick<DifferingKey, 'namespace' | 'id'>,
): Promise<string[]> {
  const rows = await db.query<{ body: Record<string, unknown> }>({
    text: `SELECT body FROM user_profile WHERE state_version IN ($1, $2) AND namespace = $3 AND user_id = $4
            ORDER BY state_version`,
    values: [...versions, namespace, id],
  });
  const [a, b] = rows;
  if (!a || !b) return ['only in one version'];
  const names = new Set([...Object.keys(a.body), ...Object.keys(b.body)]);
  return [...names].filter((name) => JSON.stringify(a.body[name]) !== JSON.stringify(b.body[name]));
}
