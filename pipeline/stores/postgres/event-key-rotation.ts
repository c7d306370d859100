import type { Component } from '../../kernel/component.ts';
import type { Database } from './database.ts';
import { eventKeyLock } from './event-keys.ts';
import {
  createKeyWindowRotation,
  type KeyWindows,
  type RotationOptions,
  rotateKeyWindow,
} from './key-window-rotation.ts';

/** Three windows of 15 days keep a key for 30 to 45 days. */
const windows: KeyWindows = { table: 'event_key', days: 15, lock: eventKeyLock, what: 'event keys' };

export const rotateEventKeys = (db: Database): Promise<boolean> => rotateKeyWindow(db, windows);

export const createEventKeyRotation = (options: RotationOptions): Component =>
  createKeyWindowRotation(windows, options);
