import type { Clock } from '../clock.ts';
import type { RunnerTransactions } from './ports.ts';

/** Tells how long each transaction took, from asking for its connection to commit or rollback. */
export function timedTransactions<Tx>(
  transactions: RunnerTransactions<Tx>,
  clock: Pick<Clock, 'monotonic'>,
  took: (ms: number) => void,
): RunnerTransactions<Tx> {
  return {
    async transaction(work) {
      const startedMs = clock.monotonic();
      try {
        return await transactions.transaction(work);
      } finally {
        took(clock.monotonic() - startedMs);
      }
    },
    savepoint: (tx, work) => transactions.savepoint(tx, work),
  };
}
