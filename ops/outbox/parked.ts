import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Database, Queryable, Tx } from '../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../pipeline/stores/postgres/outbox-append.ts';
import { outboxChannel } from '../../pipeline/stores/postgres/outbox-signal.ts';
import { releaseParked } from '../../pipeline/stores/postgres/release-parked.ts';
import { heldBehind } from '../../pipeline/stores/relay.ts';
import { strictTopics } from '../../schemas/topics.ts';
import { type Actor, recordAudit } from './audit.ts';

/** All that is given must hold; at least one must be given to change anything. */
export interface ParkedSelection {
  readonly seqs?: readonly bigint[];
  readonly reason?: string;
  readonly topic?: string;
  readonly all?: boolean;
}

export interface ParkedRow {
  readonly seq: bigint;
  readonly shard: number;
  readonly topic: string;
  readonly key: Buffer;
  readonly eventId: string;
  readonly payload: Buffer | null;
  readonly traceparent: string | null;
  readonly occurredAt: number | null;
  readonly reason: string;
  readonly message: string;
  readonly parkedAt: number;
}

const columns = `seq, shard, topic, key, event_id AS "eventId", payload, traceparent, occurred_at AS "occurredAt", reason,
  message, parked_at AS "parkedAt"`;
const condition = `($1::bigint[] IS NULL OR seq = ANY ($1)) AND ($2::text IS NULL OR reason = $2)
  AND ($3::text IS NULL OR topic = $3)`;
const valuesOf = ({ seqs, reason, topic }: ParkedSelection) => [seqs ? [...seqs] : null, reason ?? null, topic ?? null];

export const listParked = (db: Queryable, selection: ParkedSelection, limit: number): Promise<ParkedRow[]> =>
  db.query<ParkedRow>({
    text: `SELECT ${columns} FROM outbox_parked WHERE ${condition} ORDER BY seq LIMIT $4`,
    values: [...valuesOf(selection), limit],
  });

export interface ParkedChange {
  readonly changed: readonly bigint[];
  /** Asked for by number and not there. */
  readonly absent: readonly bigint[];
  /** Of strict-order topics: they wait behind these, which must be redriven or discarded first. */
  readonly behind: ReadonlyMap<bigint, bigint>;
}

/** Rows a transaction. */
const batchRows = 500;

/**
 * Publishes parked records again. Each is appended to the outbox as a new row and leaves the parked ones in the same
 * transaction, with its event id, key and payload; it comes after all records of its key that were published meanwhile.
 * Those of strict-order topics keep their place instead, and what waits behind them follows.
 */
export function redriveParked(database: Database, actor: Actor, selection: ParkedSelection): Promise<ParkedChange> {
  return change(database, { actor, selection, verb: 'outbox parked redrive' }, async (tx, rows, behind) => {
    const done: bigint[] = [];
    const appended = rows.filter(({ topic }) => !strictTopics.has(topic));
    for (const row of rows.filter(({ topic, reason }) => strictTopics.has(topic) && reason !== heldBehind)) {
      const released = await releaseParked(tx, row.seq);
      if (released.result === 'behind') behind.set(row.seq, released.seq);
      else done.push(row.seq);
    }
    await remove(tx, appended);
    await appendOutbox(
      tx,
      appended.map((row) => ({ ...row, occurredAt: row.occurredAt ?? row.parkedAt })),
    );
    return [...done, ...appended.map(({ seq }) => seq)];
  });
}

/** Forgets parked records for good; they are named in the audit. */
export function discardParked(database: Database, actor: Actor, selection: ParkedSelection): Promise<ParkedChange> {
  return change(database, { actor, selection, verb: discardVerb }, async (tx, rows) => {
    await remove(tx, rows);
    return rows.map(({ seq }) => seq);
  });
}

/** `verify` reads these entries: what was discarded is not missing. */
export const discardVerb = 'outbox parked discard';

interface Change {
  readonly actor: Actor;
  readonly selection: ParkedSelection;
  readonly verb: string;
}

async function change(
  database: Database,
  { actor, selection, verb }: Change,
  work: (tx: Tx, rows: readonly ParkedRow[], behind: Map<bigint, bigint>) => Promise<readonly bigint[]>,
): Promise<ParkedChange> {
  const { seqs, reason, topic, all } = selection;
  if (!all && !seqs?.length && reason === undefined && topic === undefined) {
    throw new FreshetError('selection_missing', 'say which: numbers from `parked list`, --reason, --topic or --all');
  }
  const changed: bigint[] = [];
  const behind = new Map<bigint, bigint>();
  let after = -1n;
  for (;;) {
    const last = await database.transaction(async (tx) => {
      const rows = await tx.query<ParkedRow>({
        text: `SELECT ${columns} FROM outbox_parked WHERE ${condition} AND seq > $4
                ORDER BY seq LIMIT ${batchRows} FOR UPDATE`,
        values: [...valuesOf(selection), after],
      });
      const done = await work(tx, rows, behind);
      if (done.length > 0) {
        const events = rows
          .filter(({ seq }) => done.includes(seq))
          .map(({ seq, eventId, topic }) => ({ seq, eventId, topic }));
        await recordAudit(tx, actor, { verb, details: { seqs: done, events } });
      }
      changed.push(...done);
      return rows.at(-1)?.seq;
    });
    if (last === undefined) break;
    after = last;
  }
  if (changed.length > 0) await database.query({ text: `NOTIFY ${outboxChannel}` });
  const found = new Set([...changed, ...behind.keys()]);
  return { changed, behind, absent: (seqs ?? []).filter((seq) => !found.has(seq)) };
}

async function remove(tx: Tx, rows: readonly ParkedRow[]): Promise<void> {
  await tx.query({
    text: 'DELETE FROM outbox_parked WHERE seq = ANY ($1::bigint[])',
    values: [rows.map(({ seq }) => seq)],
  });
}
