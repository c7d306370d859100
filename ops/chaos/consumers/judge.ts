import type { Database } from '../../../pipeline/stores/postgres/database.ts';
import { limits, stateVersion } from './area.ts';
import { compareLetters } from './compare-letters.ts';
import { compareState } from './compare-state.ts';
import { some } from './difference.ts';
import type { Ledger } from './ledger.ts';
import { readTables } from './tables.ts';
import type { Truth } from './truth.ts';

export interface JudgeOptions {
  readonly ledger: Ledger;
  readonly truth: Truth;
  readonly database: Database;
}

/** Everything against what has to be, nobody writing: nothing lost, nothing counted twice, dead letters for poison alone. */
export async function judge({ ledger, truth, database }: JudgeOptions): Promise<string[]> {
  const tables = await readTables(database, stateVersion);
  const { accepted, faults } = truth.accepted(ledger);
  return [
    ...faults,
    ...some('topics', ledger.faults),
    ...compareState({ accepted, ledger, tables, limits }),
    ...compareLetters(ledger, tables),
  ];
}
