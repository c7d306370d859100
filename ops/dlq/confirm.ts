import { createInterface } from 'node:readline/promises';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

/** Asks a person at the terminal; throws FreshetError `not_confirmed` where there is none, or another answer. */
export async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY) throw new FreshetError('not_confirmed', `this would ${what}: say --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`This will ${what}. Type yes: `);
    if (answer.trim() !== 'yes') throw new FreshetError('not_confirmed', 'nothing was done');
  } finally {
    terminal.close();
  }
}
