import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createLeaseSessions } from '../../../pipeline/stores/postgres/relay-leases.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay, type TestRelay } from './harness.ts';

let workspace: Workspace;
let database: Database;
const relays: TestRelay[] = [];
const producer = { send: async () => undefined, close: async () => undefined };

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'hand-over' });
  database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});

afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
  await database.query({ text: `UPDATE relay_lease SET owner = NULL, expires_at = '-infinity'` });
});

afterAll(async () => {
  await database.close();
  await workspace.close();
});

async function relay(leaseMs: number): Promise<TestRelay> {
  const config = { ...workspace.config, FRESHET_RELAY_LEASE_MS: leaseMs };
  const started = await startTestRelay({ config, producer });
  relays.push(started);
  return started;
}

async function heldBy(name: string): Promise<number> {
  const [row] = await database.query<{ n: number }>({
    text: 'SELECT count(*)::int AS n FROM relay_lease WHERE owner = $1',
    values: [name],
  });
  return row?.n ?? 0;
}

async function isKnown(name: string): Promise<boolean> {
  const rows = await database.query({ text: 'SELECT FROM relay_member WHERE relay = $1', values: [name] });
  return rows.length > 0;
}

async function seenAt(name: string): Promise<number> {
  const [row] = await database.query<{ at: number }>({
    text: 'SELECT seen_at AS at FROM relay_member WHERE relay = $1',
    values: [name],
  });
  return row?.at ?? 0;
}

/** Two relays would look at the leases every 15 s by themselves: whatever is sooner came by being told. */
const slowLeaseMs = 60_000;

describe('a relay that stops', () => {
  it('hands everything to the others at once, not when its leases run out', async () => {
    const first = await relay(slowLeaseMs);
    await eventually(async () => expect(await heldBy(first.name)).toBe(16));
    const second = await relay(slowLeaseMs);
    await eventually(async () => expect(await isKnown(second.name)).toBe(true));
    await relays.shift()?.stop();
    await eventually(async () => expect(await heldBy(second.name)).toBe(16));
  });
});

describe('a relay that died', () => {
  it('is succeeded when its leases have run out, and not before', async () => {
    const dead = await createLeaseSessions(workspace.config.FRESHET_POSTGRES_URL).open('dead', slowLeaseMs, {
      onFreed: () => undefined,
      onBroken: () => undefined,
    });
    await dead.take(Array.from({ length: 16 }, (_, shard) => shard));
    const successor = await relay(500);
    for (let renewals = 0; renewals < 4; renewals += 1) {
      const before = await seenAt(successor.name);
      await eventually(async () => expect(await seenAt(successor.name)).toBeGreaterThan(before));
      expect(await heldBy('dead')).toBe(16);
    }
    await database.query({ text: `UPDATE relay_lease SET expires_at = clock_timestamp()` });
    await eventually(async () => expect(await heldBy(successor.name)).toBe(16));
    await dead.close(new Map());
  });
});
