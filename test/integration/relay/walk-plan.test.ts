import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { pagesText, pagesValues, walkSettings } from '../../../pipeline/stores/postgres/relay-pages.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const rowCount = 1_000_000;

let workspace: Workspace;
let connection: Connection;
/** Sees all but the last transaction. */
let nearlyAll: string;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'relay-plan' });
  const url = workspace.config.FRESHET_POSTGRES_URL;
  connection = await openConnection({ url, name: 'plan', settings: walkSettings, onBroken: () => undefined });
  await connection.query({ text: 'ALTER TABLE outbox_p0 SET (autovacuum_enabled = off)' });
  // Many transactions, as the estimate of xid's distribution is what leads the planner astray.
  for (let from = 0; from < rowCount; from += 10_000) {
    if (from === rowCount - 10_000) nearlyAll = await currentSnapshot();
    await connection.query({
      text: `INSERT INTO outbox (shard, topic, key, event_id, payload, occurred_at)
             SELECT g % 16, 't', 'k', g::text, decode(repeat('ab', 150), 'hex'), now() FROM generate_series(1, 10000) g`,
    });
  }
});

afterAll(async () => {
  await connection.close();
  await workspace.close();
});

async function currentSnapshot(): Promise<string> {
  const [row] = await connection.query<{ now: string }>({ text: 'SELECT pg_current_snapshot()::text AS now' });
  return row?.now as string;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** The executed plan of a page of 1,000 of each of two shards, from `fromSeq` on: one of an open batch, one that opens it. */
async function plan(fromSeq: bigint, base: string, planCacheMode: string): Promise<PlanNode[]> {
  const requests = [
    { shard: 3, filter: { lastSeq: fromSeq, base, target: await currentSnapshot() }, limit: 1_000 },
    { shard: 5, filter: { lastSeq: fromSeq, base, target: null }, limit: 1_000 },
  ];
  await connection.query({ text: `SET plan_cache_mode = ${planCacheMode}` });
  const [row] = await connection.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>({
    text: `EXPLAIN (ANALYZE, FORMAT JSON) ${pagesText}`,
    values: pagesValues(requests),
  });
  return (row?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => nodesOf(Plan));
}

async function expectWalk(fromSeq: bigint, base: string, planCacheMode: string): Promise<void> {
  const all = await plan(fromSeq, base, planCacheMode);
  const nodes = all.filter((node) => node['Relation Name'] !== 'outbox_seq_seq'); // one row, read as it can only be
  const types = nodes.map((node) => node['Node Type']);
  expect(types).not.toContain('Sort');
  expect(types).not.toContain('Incremental Sort');
  expect(types.filter((type) => /Seq Scan|Bitmap/.test(type))).toEqual([]);
  const walk = nodes.filter((node) => node['Node Type'] === 'Index Scan' && node['Actual Rows'] !== 0);
  expect(walk).toHaveLength(1);
  expect(walk[0]?.['Index Cond']).toMatch(/shard = p\.shard.*seq > p\.last_seq/);
  expect(walk[0]?.['Actual Rows']).toBeLessThanOrEqual(1_000);
}

describe('the page query over a million rows', () => {
  const nothing = '3:3:';
  /** The start of a backlog, its middle, its end, and what every poll of a relay that keeps up looks like. */
  const expectWalks = async (mode: string) => {
    for (const from of [0, rowCount / 2, rowCount - 100]) await expectWalk(BigInt(from), nothing, mode);
    for (const from of [rowCount - 10_000, rowCount - 100]) await expectWalk(BigInt(from), nearlyAll, mode);
  };

  it.each(['force_custom_plan', 'force_generic_plan'])(
    'walks the index before the table was analyzed (%s)',
    async (mode) => {
      await expectWalks(mode);
    },
  );

  it.each(['force_custom_plan', 'force_generic_plan'])(
    'walks the index after the table was analyzed (%s)',
    async (mode) => {
      await connection.query({ text: 'ANALYZE outbox' });
      await expectWalks(mode);
    },
  );

  it('is seen to sort the backlog when it cannot walk', async () => {
    await connection.query({ text: 'BEGIN' });
    await connection.query({ text: 'DROP INDEX outbox_walk' });
    await expect(expectWalk(0n, nothing, 'force_custom_plan')).rejects.toThrow(/Sort/);
    await connection.query({ text: 'ROLLBACK' });
  });
});
