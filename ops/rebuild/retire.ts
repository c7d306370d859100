import { setTimeout as delay } from 'node:timers/promises';
import { profileKey, sessionKey } from '../../pipeline/domain/keys.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Tx } from '../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../pipeline/stores/postgres/outbox-append.ts';
import { outboxChannel } from '../../pipeline/stores/postgres/outbox-signal.ts';
import { redisKeys } from '../../pipeline/stores/redis/keys.ts';
import { topics } from '../../schemas/topics.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';
import { inputsOf } from './inputs.ts';
import type { Installation } from './installation.ts';
import { type VersionRow, type VersionStanding, versionOf } from './versions.ts';

export interface RetireOptions {
  readonly version: number;
  /** `retire` takes away a version that was active, `abort` one that never was. */
  readonly verb: 'retire' | 'abort';
  readonly actor: Actor;
  readonly onStep: (step: string) => void;
}

export interface Retired {
  readonly version: number;
  readonly tombstones: number;
  readonly redisKeys: number;
}

const rowsAtOnce = 1_000;
const stoppedWithinMs = 15_000;
const pollMs = 200;
const wanted: Record<RetireOptions['verb'], VersionStanding> = { retire: 'kept', abort: 'building' };

/**
 * Takes a version away: its stages stop, its records become tombstones, its rows and lists go. Repeatable: what was
 * interrupted goes on where it was. Throws FreshetError `not_retirable`.
 */
export async function retire(installation: Installation, options: RetireOptions): Promise<Retired> {
  const { database } = installation;
  const { version, onStep } = options;
  const row = await database.transaction((tx) => beginRetiring(tx, options));
  onStep('waiting for its stages to stop');
  await untilStopped(installation, version);
  onStep('tombstones for its sessions and profiles');
  const tombstones = await withdrawRecords(installation, version);
  onStep('rows');
  for (const table of ['exposure', 'item_activity', 'applied_event_0', 'applied_event_1', 'applied_event_2']) {
    await deleteRows(installation, table, version);
  }
  onStep('lists');
  const keys = await deleteLists(installation, version);
  onStep('consumer groups');
  await deleteGroups(installation, row);
  await database.query({
    text: `WITH gone AS (DELETE FROM consumer_offset WHERE state_version = $1)
           UPDATE state_version SET status = 'retired' WHERE version = $1`,
    values: [version],
  });
  return { version, tombstones, redisKeys: keys };
}

/** From here on no stage can claim its offsets, and what is in flight fails at them. */
async function beginRetiring(tx: Tx, { version, verb, actor }: RetireOptions): Promise<VersionRow> {
  await tx.query({ text: 'SELECT FROM active_version FOR UPDATE' });
  const row = await versionOf(tx, version);
  if (row.standing !== wanted[verb] && row.standing !== 'retiring') {
    const remedy = {
      active: 'promote another version first',
      kept: 'use `rebuild retire`',
      building: 'use `rebuild abort`',
    };
    const hint = row.standing === 'retired' ? '' : `; ${remedy[row.standing]}`;
    throw new FreshetError('not_retirable', `state version ${version} is ${row.standing}${hint}`);
  }
  await tx.query({ text: `UPDATE state_version SET status = 'retiring' WHERE version = $1`, values: [version] });
  await tx.query({
    text: `UPDATE consumer_offset SET epoch = epoch + 1, owner = 'retired' WHERE state_version = $1`,
    values: [version],
  });
  const resumed = row.standing === 'retiring';
  await recordAudit(tx, actor, { verb: `rebuild ${verb}`, details: { version, resumed } });
  return row;
}

/** Lists are not written in a transaction: who still writes some would leave them behind. */
async function untilStopped({ database }: Installation, version: number): Promise<void> {
  const deadline = performance.now() + stoppedWithinMs;
  for (;;) {
    const rows = await database.query({
      text: `SELECT 1 FROM worker_status w, jsonb_array_elements(w.state -> 'stages') s
              WHERE w.seen_at > clock_timestamp() - interval '5 seconds' AND (s ->> 'stateVersion')::int = $1 LIMIT 1`,
      values: [version],
    });
    if (rows.length === 0) return;
    if (performance.now() > deadline) {
      throw new FreshetError('stages_running', `stages of state version ${version} still run; ask again`);
    }
    await delay(pollMs);
  }
}

interface Removed {
  readonly namespace: string;
  readonly user_id: string;
  readonly session_id: string | null;
}

async function withdrawRecords({ database }: Installation, version: number): Promise<number> {
  let count = 0;
  for (const [table, session] of [
    ['session', 'session_id'],
    ['user_profile', 'NULL AS session_id'],
  ] as const) {
    for (;;) {
      const removed = await database.transaction(async (tx) => {
        const rows = await tx.query<Removed>({
          text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE state_version = $1 LIMIT ${rowsAtOnce}))
                 RETURNING namespace, user_id, ${session}`,
          values: [version],
        });
        await appendOutbox(
          tx,
          rows.map((row) => tombstoneOf(version, row)),
        );
        return rows.length;
      });
      count += removed;
      if (removed > 0) await database.query({ text: `NOTIFY ${outboxChannel}` });
      else break;
    }
  }
  return count;
}

function tombstoneOf(version: number, { namespace, user_id: userId, session_id: sessionId }: Removed) {
  const profile = sessionId === null;
  const key = profile ? profileKey(version, namespace, userId) : sessionKey(version, namespace, userId, sessionId);
  const topic = profile ? topics.profileUpdated.name : topics.sessionUpdated.name;
  return {
    topic,
    key,
    eventId: `retired:${key.toString('base64url').slice(0, 200)}`,
    payload: null,
    occurredAt: Date.now(),
  };
}

async function deleteRows({ database }: Installation, table: string, version: number): Promise<void> {
  for (;;) {
    const rows = await database.query({
      text: `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${table} WHERE state_version = $1 LIMIT 10000)) RETURNING 1`,
      values: [version],
    });
    if (rows.length === 0) return;
  }
}

async function deleteLists({ redis }: Installation, version: number): Promise<number> {
  await redis.srem(redisKeys.versions, version);
  let count = 0;
  for await (const found of redis.scanStream({ match: `f:${version}:*`, count: 1_000 })) {
    const keys = found as string[];
    if (keys.length > 0) count += await redis.unlink(...keys);
  }
  return count;
}

async function deleteGroups({ admin }: Installation, { version, source }: VersionRow): Promise<void> {
  for (const { stage } of inputsOf(source)) await admin.deleteGroup(`freshet.${stage}.v${version}`);
}
