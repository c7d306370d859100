import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** What a demo needs to go on after a crash; a small file under the checkout's ignored folder. */
export interface RunState {
  /** Database name and topic prefix come from it, so that a second run starts empty. */
  readonly runId: string;
  readonly limit: number | null;
  /** Added to every time of the log, milliseconds. */
  readonly shiftMs: number;
  /** Clicks of the training days answered so far, counted from the first without a gap. */
  readonly answered: number;
  /** Results answered `duplicate` so far. */
  readonly duplicates: number;
}

export interface RunStateFile {
  read(): RunState | undefined;
  /** Atomic: a crash leaves the old or the new text. */
  write(state: RunState): void;
}

/** One a checkout and area. */
export const runStatePath = (root: string, area: number): string => join(root, '.freshet', `demo-${area}.json`);

export function runStateFile(path: string): RunStateFile {
  return {
    read() {
      if (!existsSync(path)) return undefined;
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as RunState;
      } catch (error) {
        throw new FreshetError('demo_state_unreadable', `${path} is not readable; run without --resume to start over`, {
          cause: error,
        });
      }
    },
    write(state) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`);
      renameSync(`${path}.new`, path);
    },
  };
}
