import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

const pollMs = 100;
const sqliteBusy = 5;

export interface LockOptions {
  readonly path: string;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
  readonly timeoutMs?: number;
}

/** True where the lock was taken; false where another connection holds it. */
function tryBegin(db: DatabaseSync): boolean {
  try {
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === sqliteBusy) return false;
    throw error;
  }
}

/**
 * Runs `work` while holding an exclusive lock that other processes and other calls of this one respect.
 * The lock is the operating system's (an SQLite transaction on an empty file), so a crash releases it
 * and no stale file is ever left to be judged.
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { path, onWait, timeoutMs = 900_000 } = options;
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  try {
    const deadline = performance.now() + timeoutMs;
    for (let attempt = 0; !tryBegin(db); attempt += 1) {
      if (attempt === 0) onWait?.();
      if (performance.now() > deadline) throw new FreshetError('lock_timeout', `${path} is held by another process`);
      await delay(pollMs);
    }
    return await work();
  } finally {
    db.close();
  }
}
