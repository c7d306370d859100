import type { ActivityCount } from '../domain/feature/activity.ts';
import type { StateSettings } from '../domain/feature/settings.ts';
import type { ProfileBody, SessionBody } from '../domain/feature/state-text.ts';
import type { OutboxRow } from './outbox.ts';

export interface UserRef {
  readonly namespace: string;
  readonly userId: string;
}

export interface StoredProfile extends UserRef {
  /** Counts the transactions that changed it. */
  readonly revision: number;
  readonly body: ProfileBody;
}

export interface StoredSession extends UserRef {
  readonly sessionId: string;
  readonly body: SessionBody;
}

/** Which of a user's sessions a batch may touch. */
export interface SessionsWanted extends UserRef {
  readonly sessionIds: readonly string[];
  /** Components (`g:` ids) that meet this span of event time, ends included; absent for none. */
  readonly components?: { readonly fromAt: number; readonly toAt: number } | undefined;
}

export interface SessionRef extends UserRef {
  readonly sessionId: string;
}

/**
 * Feature state of one version. Every call works inside the transaction it is handed and touches rows in
 * key order, so that transactions wait for each other instead of deadlocking. Lists may be empty.
 */
export interface FeatureStore<Tx> {
  /** What the version was created with; FreshetError `state_version_unknown` where there is no such version. */
  settings(tx: Tx, stateVersion: number): Promise<StateSettings>;
  profiles(tx: Tx, stateVersion: number, users: readonly UserRef[]): Promise<StoredProfile[]>;
  /** Each session once. */
  sessions(tx: Tx, stateVersion: number, wanted: readonly SessionsWanted[]): Promise<StoredSession[]>;
  saveProfiles(tx: Tx, stateVersion: number, profiles: readonly StoredProfile[]): Promise<void>;
  saveSessions(tx: Tx, stateVersion: number, sessions: readonly StoredSession[]): Promise<void>;
  removeSessions(tx: Tx, stateVersion: number, sessions: readonly SessionRef[]): Promise<void>;
  /** Adds to the counts that are there; each key once a call. */
  addActivity(tx: Tx, stateVersion: number, counts: readonly ActivityCount[]): Promise<void>;
}

/** Remembers which events a version has applied, for at least 60 days. */
export interface AppliedEvents<Tx> {
  /**
   * Takes the ids (uuids, see `eventKeyId`) that no transaction has taken, and answers those. An id that
   * another open transaction is taking waits for its end. Undone with the transaction.
   */
  claim(tx: Tx, stateVersion: number, ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** An item that a user was shown, or acted upon. Matched when read, so the order they come in is free. */
export interface Exposure extends UserRef {
  readonly itemId: string;
  readonly eventId: string;
  readonly kind: 'shown' | 'acted';
  readonly requestId: string | null;
  /** Counted from 1. */
  readonly position: number | null;
  readonly sources: readonly string[] | null;
  readonly variant: string | null;
  readonly surface: string | null;
  /** Of a watch. */
  readonly watchSeconds: number | null;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

export interface ExposureLog<Tx> {
  /** Inserts; a row that is there already stays as it is. */
  add(tx: Tx, stateVersion: number, exposures: readonly Exposure[]): Promise<void>;
}

/** Appends records that are published if and only if the transaction commits, in the given order. */
export type AppendOutbox<Tx> = (tx: Tx, rows: readonly OutboxRow[]) => Promise<void>;
