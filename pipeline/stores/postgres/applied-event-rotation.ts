import type { Component } from '../../kernel/component.ts';
import { advisoryLocks } from './advisory-locks.ts';
import type { Database } from './database.ts';
import {
  createKeyWindowRotation,
  type KeyWindows,
  type RotationOptions,
  rotateKeyWindow,
} from './key-window-rotation.ts';

/** Three windows of 30 days keep an applied event for 60 to 90 days. */
const windows: KeyWindows = {
  table: 'applied_event',
  days: 30,
  lock: advisoryLocks.appliedEvents,
  what: 'applied events',
};

export const rotateAppliedEvents = (db: Database): Promise<boolean> => rotateKeyWindow(db, windows);

export const createAppliedEventRotation = (options: RotationOptions): Component =>
  createKeyWindowRotation(windows, options);
