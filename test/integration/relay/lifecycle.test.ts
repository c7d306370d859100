import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../../pipeline/stores/postgres/outbox-append.ts';
import { outboxDepth } from '../../../pipeline/stores/postgres/outbox-depth.ts';
import { retirePartitions } from '../../../pipeline/stores/postgres/partition-retirement.ts';
import { ensurePartitions } from '../../../pipeline/stores/postgres/relay-partitions.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay } from './harness.ts';

let workspace: Workspace;
let database: Database;
let url: string;
const size = { rows: 1_000n, ahead: 4n };

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'lifecycle', env: { FRESHET_RELAY_LEASE_MS: '500' } });
  url = workspace.config.FRESHET_POSTGRES_URL;
  database = openDatabase({ url, onIdleError: () => undefined });
  await sql('DROP TABLE outbox_p0');
  await sql('CREATE TABLE outbox_p0 PARTITION OF outbox FOR VALUES FROM (0) TO (1000)');
  await ensurePartitions(database, size);
});
afterAll(async () => {
  await database.close();
  await workspace.close();
});

const sql = <Row extends object = Record<string, unknown>>(text: string) => database.query<Row>({ text });

interface Stats {
  readonly name: string;
  readonly inserted: number;
  readonly dead: number;
}

/** Of every partition that is there, as its sessions have reported it. */
async function partitionStats(): Promise<Stats[]> {
  await sql('SELECT pg_stat_force_next_flush()');
  return sql<Stats>(
    `SELECT relname AS name, n_tup_ins::int AS inserted, n_dead_tup::int AS dead FROM pg_stat_user_tables
      WHERE schemaname = 'freshet' AND relname ~ '^outbox_p[0-9]+$' ORDER BY relid`,
  );
}

describe('many times more rows than a partition holds', () => {
  it('go through a relay with a bounded number of partitions and no dead row of ours', async () => {
    const sent = new Map<string, number>();
    const producer = {
      async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
        for (const { records } of batch)
          for (const { value } of records) sent.set(String(value), (sent.get(String(value)) ?? 0) + 1);
      },
      close: async () => undefined,
    };
    const relay = await startTestRelay({
      config: workspace.config,
      producer,
      partitionRows: 1_000n,
      partitionsAhead: 4n,
    });
    const dropped: string[] = [];
    const counts: number[] = [];
    let written = 0;
    for (let round = 0; round < 60; round += 1) {
      await database.transaction((tx) =>
        appendOutbox(
          tx,
          Array.from({ length: 500 }, () => {
            written += 1;
            const id = `e${written}`;
            return {
              topic: 't',
              key: Buffer.from(`k${written % 97}`),
              eventId: id,
              payload: Buffer.from(id),
              occurredAt: 1,
            };
          }),
        ),
      );
      await ensurePartitions(database, size);
      if (round % 5 !== 4) continue;
      await eventually(async () => expect((await outboxDepth(database)).records).toBe(0));
      dropped.push(...(await retirePartitions(database, { url, retentionMs: 0 })).dropped);
      const stats = await partitionStats();
      counts.push(stats.length);
      expect(stats.filter(({ dead }) => dead > 0)).toEqual([]);
    }
    await relay.stop();
    // What was closed last waits for idle shards to store their cursors, which a stop does not do for them.
    expect(written).toBe(30_000);
    expect(sent.size).toBe(30_000);
    expect([...sent.values()].every((times) => times === 1)).toBe(true);
    expect(dropped.length).toBeGreaterThan(10);
    expect(new Set(dropped).size).toBe(dropped.length);
    expect(Math.max(...counts)).toBeLessThan(25);
    const inserted = (await partitionStats()).reduce((sum, stats) => sum + stats.inserted, 0);
    expect(inserted).toBeGreaterThan(0); // the statistics did arrive
    expect((await sql<{ n: number }>('SELECT count(*)::int AS n FROM outbox'))[0]?.n).toBeLessThan(20_000);
  }, 60_000);
});

describe('a shard without rows', () => {
  it('stores its cursor all the same, so that full partitions are dropped', async () => {
    const idle = await startTestRelay({
      config: workspace.config,
      producer: { send: async () => undefined, close: async () => undefined },
    });
    const one: Connection = await openConnection({ url, name: 'writer', onBroken: () => undefined });
    const row = { topic: 't', key: Buffer.from('one key'), eventId: 'x', payload: null, occurredAt: 1 };
    const write = async (thousands: number) => {
      for (let n = 0; n < thousands; n += 1) {
        await ensurePartitions(database, size);
        const rows = Array.from({ length: 1_000 }, () => row);
        await appendOutbox(one, rows);
      }
    };
    await write(3);
    await retirePartitions(database, { url, retentionMs: 0 });
    const closed = () => sql<{ name: string }>('SELECT name FROM outbox_partition WHERE closed_xid IS NOT NULL');
    const before = (await closed()).map(({ name }) => name);
    expect(before.length).toBeGreaterThan(1);
    await write(7); // further than an idle shard's stored cursor may fall behind
    await eventually(
      async () => {
        await retirePartitions(database, { url, retentionMs: 0 });
        expect((await closed()).filter(({ name }) => before.includes(name))).toEqual([]);
      },
      { withinMs: 40_000, everyMs: 200 },
    );
    await one.close();
    await idle.stop();
  }, 60_000);
});
