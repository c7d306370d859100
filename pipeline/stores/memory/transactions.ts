import type { Transactions } from '../transaction.ts';

/** A transaction of the memory stores: changes take effect at once, each leaves a way to undo it. */
export interface MemoryTx {
  onUndo(undo: () => void): void;
}

/** Transactions over memory stores: one at a time, undone in reverse order when the work throws. */
export function createMemoryTransactions(): Transactions<MemoryTx> {
  const undos = new WeakMap<MemoryTx, (() => void)[]>();
  let last: Promise<unknown> = Promise.resolve();

  const undoDownTo = (tx: MemoryTx, length: number) => {
    for (const undo of undos.get(tx)?.splice(length).reverse() ?? []) undo();
  };
  const run = async <T>(work: (tx: MemoryTx) => Promise<T>): Promise<T> => {
    const steps: (() => void)[] = [];
    const tx: MemoryTx = { onUndo: (undo) => steps.push(undo) };
    undos.set(tx, steps);
    try {
      return await work(tx);
    } catch (error) {
      undoDownTo(tx, 0);
      throw error;
    }
  };
  return {
    transaction(work) {
      const result = last.then(() => run(work));
      last = result.catch(() => undefined);
      return result;
    },
    async savepoint(tx, work) {
      const length = undos.get(tx)?.length ?? 0;
      try {
        return await work();
      } catch (error) {
        undoDownTo(tx, length);
        throw error;
      }
    },
  };
}
