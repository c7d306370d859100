import type { Component } from '../../kernel/component.ts';
import { advisoryLocks } from './advisory-locks.ts';
import type { Database } from './database.ts';
import {
  createKeyWindowRotation,
  type KeyWindows,
  type RotationOptions,
  rotateKeyWindow,
} from './key-window-rotation.ts';

/** Three windows of 15 days keep a key for 30 to 45 days. */
const windows: KeyWindows = { table: 'event_key', days: 15, lock: advisoryLocks.eventKeys, what: 'event keys' };

export const rotateEventKeys = (db: Database): Promise<boolean> => rotateKeyWindow(db, windows);

export const createEventKeyRotation = (options: RotationOptions): Component =>
  createKeyWindowRotation(windows, options);
