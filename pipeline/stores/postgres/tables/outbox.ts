import { bigint, boolean, jsonb, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, instant, snapshot, xid8 } from './columns.ts';

const long = { mode: 'bigint' } as const;

export const outbox = pgTable('outbox', {
  shard: smallint().notNull(),
  xid: xid8().notNull(),
  seq: bigint(long).generatedAlwaysAsIdentity().notNull(),
  topic: text().notNull(),
  key: bytea().notNull(),
  eventId: text('event_id').notNull(),
  payload: bytea(),
  occurredAt: instant('occurred_at').notNull(),
  traceparent: text(),
  createdAt: instant('created_at').notNull(),
});

export const outboxIdentity = pgTable('outbox_identity', {
  one: boolean().primaryKey(),
  outboxId: uuid('outbox_id').notNull(),
  systemIdentifier: bigint('system_identifier', long),
});

export const outboxSubmit = pgTable('outbox_submit', {
  one: boolean().primaryKey(),
  topics: text().array().notNull(),
});

export const outboxCursor = pgTable('outbox_cursor', {
  shard: smallint().primaryKey(),
  epoch: bigint(long).notNull(),
  base: snapshot().notNull(),
  baseFloor: bigint('base_floor', long).notNull(),
  holdXid: xid8('hold_xid').array().notNull(),
  holdFloor: bigint('hold_floor', long).array().notNull(),
  target: snapshot(),
  targetFloor: bigint('target_floor', long),
  lastSeq: bigint('last_seq', long).notNull(),
  nextFloor: bigint('next_floor', long).notNull(),
  updatedAt: instant('updated_at').notNull(),
});

export const relayLease = pgTable('relay_lease', {
  shard: smallint().primaryKey(),
  owner: text(),
  epoch: bigint(long).notNull(),
  expiresAt: instant('expires_at').notNull(),
});

export const relayMember = pgTable('relay_member', {
  relay: text().primaryKey(),
  seenAt: instant('seen_at').notNull(),
});

export const outboxParked = pgTable('outbox_parked', {
  seq: bigint(long).primaryKey(),
  shard: smallint().notNull(),
  topic: text().notNull(),
  key: bytea().notNull(),
  eventId: text('event_id').notNull(),
  payload: bytea(),
  traceparent: text(),
  reason: text().notNull(),
  message: text().notNull(),
  parkedAt: instant('parked_at').notNull(),
  occurredAt: instant('occurred_at'),
});

export const outboxPartition = pgTable('outbox_partition', {
  name: text().primaryKey(),
  lowerSeq: bigint('lower_seq', long).notNull(),
  upperSeq: bigint('upper_seq', long).notNull(),
  closedXid: xid8('closed_xid'),
  closedAt: instant('closed_at'),
  refusedAt: instant('refused_at'),
});

export const operatorAudit = pgTable('operator_audit', {
  id: bigint(long).generatedAlwaysAsIdentity().primaryKey(),
  at: instant().notNull(),
  operator: text().notNull(),
  verb: text().notNull(),
  reason: text().notNull(),
  details: jsonb().notNull(),
});
