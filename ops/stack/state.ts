import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { type ServerName, serverNames } from './server-name.ts';

const port = z.number().int().min(1).max(65_535);
const processRef = z.object({ pid: z.number().int().min(1), identity: z.string() });

const stateSchema = z.object({
  version: z.literal(1),
  /** New with each new state, so that data left behind by an earlier one is never taken for ours. */
  id: z.string(),
  driver: z.enum(['docker', 'embedded']),
  ports: z.object({ postgres: port, kafka: port, registry: port, redis: port, kafkaController: port }),
  processes: z.partialRecord(z.enum(serverNames), processRef),
});

/** What a checkout remembers of its stack; written before anything relies on it, replaced atomically. */
export type StackState = z.output<typeof stateSchema>;

const fileOf = (folder: string): string => join(folder, 'state.json');

export function readState(folder: string): StackState | undefined {
  const file = fileOf(folder);
  if (!existsSync(file)) return undefined;
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new FreshetError(
      'stack_state_unreadable',
      `${file} is not a stack state; stop its servers by hand and remove it`,
      {
        cause: error,
      },
    );
  }
}

export function writeState(folder: string, state: StackState): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${fileOf(folder)}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${fileOf(folder)}.new`, fileOf(folder));
}

/** Where the output of an embedded server goes. */
export const logFileOf = (folder: string, name: ServerName): string => join(folder, 'logs', `${name}.log`);
