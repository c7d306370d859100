import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** Postgres refuses to run as root: then it runs as nobody. */
export const nobodyUid = 65_534;

/** True where this process is root and so must hand Postgres to another user. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** The folder of the checkout this file belongs to. */
export const checkoutRoot = (): string => resolve(import.meta.dirname, '..', '..');

/** Where a checkout keeps its stack: state, logs, data. */
export function stackFolder(root: string): string {
  return process.env.FRESHET_STACK_DIR ? resolve(process.env.FRESHET_STACK_DIR) : join(root, '.freshet', 'stack');
}

function everyoneMayEnter(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const mode = statSync(at, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined && (mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/**
 * The machine-wide folder of downloaded servers, shared by all checkouts of one user. Under root it also holds
 * Postgres's data, so it must be reachable for others: XDG_CACHE_HOME is passed over where it is not.
 */
export function cacheFolder(): string {
  const xdg = process.env.XDG_CACHE_HOME;
  const uid = process.getuid?.() ?? 0;
  const folder =
    xdg && (!isRoot() || everyoneMayEnter(resolve(xdg))) ? join(resolve(xdg), 'freshet') : `/var/tmp/freshet-${uid}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (lstatSync(folder).uid !== uid || !lstatSync(folder).isDirectory()) {
    throw new FreshetError(
      'stack_cache_foreign',
      `${folder} belongs to somebody else: set XDG_CACHE_HOME to a folder of yours`,
    );
  }
  chmodSync(folder, 0o755);
  return folder;
}

/** A short name for a stack's folder, in project names and in the machine-wide folder. */
export function folderHash(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 12);
}
