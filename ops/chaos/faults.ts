import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig } from '../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../pipeline/stores/postgres/outbox-append.ts';
import type { ServerName } from '../stack/server-name.ts';
import { chaosTopics } from './area.ts';
import type { Fleet, FleetMember } from './fleet.ts';
import type { OutboxLog } from './outbox-log.ts';
import { dealRounds, type RoundPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { ChaosServers } from './servers.ts';
import { outboxRow, slowMark } from './writers.ts';

export interface FaultContext {
  readonly servers: ChaosServers;
  readonly fleet: Fleet;
  readonly outbox: OutboxLog;
  readonly random: Random;
  readonly round: number;
  readonly leaseMs: number;
  readonly outageMs: number;
  readonly openMs: number;
}

/** What a fault measured or wants judged, beyond what every round is judged by. */
export interface FaultResult {
  /** From the death of a relay until others hold what it held. */
  readonly takeoverMs?: number;
  /** From when on no page of a relay that was stopped may arrive. */
  readonly wokenAt?: number;
  /** Instants between which something else was wrong, for latencies of everybody else. */
  readonly between?: readonly [number, number];
  /** Duplicates are not to be explained by it. */
  readonly clean?: boolean;
}

export type Fault = (context: FaultContext) => Promise<FaultResult>;

const pollMs = 10;
const takeoverWithinMs = 60_000;

async function until(condition: () => Promise<boolean>, what: string, withinMs = takeoverWithinMs): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    // The server may be the victim.
    if (await condition().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`${what} did not come about within ${withinMs} ms`);
    await delay(pollMs);
  }
}

/** All shards are held, and by relays that run. */
export async function untilShared({ fleet, outbox }: Pick<FaultContext, 'fleet' | 'outbox'>): Promise<void> {
  const held = () => Promise.all(fleet.members.map(({ mark }) => outbox.heldBy(mark)));
  const isShared = async () => {
    const counts = await held();
    return counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === 16;
  };
  try {
    await until(isShared, 'a fair share for every relay');
  } catch (error) {
    const shares = (await held().catch(() => [])).join(' + ');
    throw new Error(`shards held: ${shares}\n${fleet.lastWords()}`, { cause: error });
  }
}

const victim = ({ fleet, random }: FaultContext): FleetMember => random.pick(fleet.members);

/** How long the others take for what the victim held; undefined where there are none. */
async function takeover(context: FaultContext, mark: string, since: number): Promise<{ takeoverMs?: number }> {
  const { fleet, outbox } = context;
  if (fleet.members.every((relay) => relay.mark === mark)) return {};
  await until(async () => (await outbox.heldBy(mark)) === 0 && (await outbox.held()) === 16, 'a takeover');
  return { takeoverMs: Math.round(performance.now() - since) };
}

async function relayKilled(context: FaultContext): Promise<FaultResult> {
  const relay = victim(context);
  const since = performance.now();
  relay.send('SIGKILL');
  await relay.ended();
  const taken = await takeover(context, relay.mark, since);
  context.fleet.start();
  return taken;
}

async function relaysKilledTogether(context: FaultContext): Promise<FaultResult> {
  const { fleet, random } = context;
  for (let again = random.between(1, 3); again > 0; again -= 1) {
    const count = fleet.members.length;
    await fleet.stopAll('SIGKILL');
    for (let n = 0; n < count; n += 1) fleet.start();
    await delay(random.between(300, 1_500));
  }
  return {};
}

async function relayRestarted(context: FaultContext): Promise<FaultResult> {
  const relay = victim(context);
  const since = performance.now();
  relay.send('SIGTERM');
  const taken = await takeover(context, relay.mark, since);
  await relay.ended();
  context.fleet.start();
  return { ...taken, clean: true };
}

/** Stopped in the middle of whatever it does, for longer than its lease; by then others have its shards. */
async function relayPaused(context: FaultContext): Promise<FaultResult> {
  const { fleet, random, leaseMs } = context;
  const relay = victim(context);
  const since = performance.now();
  relay.send('SIGSTOP');
  const taken = await takeover(context, relay.mark, since);
  if (taken.takeoverMs === undefined) await delay(leaseMs + random.between(200, leaseMs));
  await delay(random.between(200, 800));
  const wokenAt = Date.now();
  relay.send('SIGCONT');
  return fleet.members.length > 1 ? { ...taken, wokenAt } : {};
}

/** Stopped for less than its lease: it must simply go on. */
async function relayDozed(context: FaultContext): Promise<FaultResult> {
  const { random, leaseMs } = context;
  const relay = victim(context);
  for (let again = 0; again < 5; again += 1) {
    relay.send('SIGSTOP');
    await delay(random.between(50, leaseMs / 2));
    relay.send('SIGCONT');
    await delay(random.between(50, 500));
  }
  return {};
}

const serverKilled =
  (server: ServerName): Fault =>
  async ({ servers, random }) => {
    await servers.stop(server, 'SIGKILL');
    await delay(random.between(0, 2_000));
    await servers.start(server);
    return {};
  };

/** It hangs: connections stay, nothing is answered. */
const serverFrozen =
  (server: ServerName): Fault =>
  async ({ servers, random, leaseMs }) => {
    const thaw = servers.freeze(server);
    await delay(random.between(leaseMs, 3 * leaseMs));
    thaw();
    return {};
  };

async function brokerAway({ servers, outageMs }: FaultContext): Promise<FaultResult> {
  await servers.stop('kafka', 'SIGTERM');
  await delay(outageMs);
  await servers.start('kafka');
  return {};
}

async function connectionsCut({ outbox, random }: FaultContext): Promise<FaultResult> {
  for (let again = random.between(2, 6); again > 0; again -= 1) {
    await outbox.database.query({
      text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name LIKE 'freshet%' AND pid <> pg_backend_pid()
                AND application_name <> 'freshet' AND random() < 0.7`,
    });
    await delay(random.between(50, 1_000));
  }
  return {};
}

/** One writer sits on an open transaction while the sequence runs into the next partition. */
async function transactionOpen({ servers, outbox, openMs, round }: FaultContext): Promise<FaultResult> {
  const client = new pg.Client(connectionConfig(servers.urls.postgresUrl));
  await client.connect();
  try {
    await delay(openMs / 2); // what latencies are compared with
    const append = (id: string) =>
      appendOutbox({ query: async ({ text, values = [] }) => (await client.query(text, values)).rows }, [
        outboxRow(id, `open|${round}`, chaosTopics[0]),
      ]);
    await client.query('BEGIN');
    await append(`open${round}.1${slowMark}`);
    const since = Date.now();
    await moveIntoNextPartition(outbox);
    await delay(openMs);
    const till = Date.now();
    await append(`open${round}.2${slowMark}`);
    await client.query('COMMIT');
    return { between: [since, till], clean: true };
  } finally {
    await client.end();
  }
}

/** The sequence jumps to shortly before the end of the partition it is in; the one behind must be there by itself. */
async function moveIntoNextPartition({ database }: OutboxLog): Promise<void> {
  const [row] = await database.query<{ end: bigint; at: bigint }>({
    text: `SELECT min(bounds."end") AS "end", max(s.last_value) AS at
             FROM outbox_seq_seq s,
                  LATERAL (SELECT (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''?(\\d+)''?\\)'))[1]::bigint
                             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                            WHERE i.inhparent = 'outbox'::regclass) AS bounds ("end")
            WHERE bounds."end" > s.last_value`,
  });
  if (!row) throw new Error('the outbox has no partition ahead of its sequence');
  await database.query({
    text: `SELECT setval('outbox_seq_seq', greatest($1::bigint, last_value)) FROM outbox_seq_seq`,
    values: [row.end - 500n],
  });
}

export const faults = {
  'relay killed': relayKilled,
  'relay stopped past its lease': relayPaused,
  'relay stopped again and again': relayDozed,
  'relay restarted': relayRestarted,
  'all relays killed': relaysKilledTogether,
  'kafka killed': serverKilled('kafka'),
  'postgres killed': serverKilled('postgres'),
  'kafka frozen': serverFrozen('kafka'),
  'postgres frozen': serverFrozen('postgres'),
  'connections cut': connectionsCut,
  'broker away': brokerAway,
  'transaction open, partition changed': transactionOpen,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

/** Two relays at least where others are to take over. */
export function planRelayRounds(
  seed: number,
  rounds: number,
  among: readonly FaultName[] = faultNames,
): RoundPlan<FaultName>[] {
  const leastMembers = (fault: FaultName) =>
    fault === 'relay stopped past its lease' || fault === 'relay killed' ? 2 : 1;
  return dealRounds({ seed, rounds, among, leastMembers, mostMembers: 3 });
}
