import { operatorMark, type Progress, type ProgressKey, type StoredProgress } from '../progress.ts';
import type { MemoryTx } from './transactions.ts';

interface Row extends ProgressKey {
  nextOffset: bigint;
  epoch: bigint;
  owner: string | null;
}

const keyOf = ({ stateVersion, stage, topic, partition }: ProgressKey): string =>
  JSON.stringify([stateVersion, stage, topic, partition]);

/** Offsets in memory, with the semantics of the Postgres store inside one process. */
export function createMemoryProgress(): Progress<MemoryTx> {
  const rows = new Map<string, Row>();
  return {
    async claim({ owner, initial, ...key }) {
      const row = rows.get(keyOf(key)) ?? { ...key, nextOffset: initial, epoch: 0n, owner };
      row.epoch += 1n;
      row.owner = owner;
      rows.set(keyOf(key), row);
      return { epoch: row.epoch, nextOffset: row.nextOffset };
    },
    async advance(tx, { epoch, expected, next, ...key }) {
      const row = rows.get(keyOf(key));
      if (row === undefined || row.epoch !== epoch || row.nextOffset !== expected) return false;
      row.nextOffset = next;
      tx?.onUndo(() => {
        row.nextOffset = expected;
      });
      return true;
    },
    async move({ operator, next, ...key }) {
      const row = rows.get(keyOf(key));
      if (row === undefined) return false;
      row.epoch += 1n;
      row.owner = operatorMark + operator;
      row.nextOffset = next ?? row.nextOffset;
      return true;
    },
    moved: async ({ stateVersion, stage }) =>
      [...rows.values()]
        .filter(
          (row) => row.stateVersion === stateVersion && row.stage === stage && row.owner?.startsWith(operatorMark),
        )
        .map(({ topic, partition }) => ({ stateVersion, stage, topic, partition })),
    list: async (stage) =>
      [...rows.values()]
        .filter((row) => stage === undefined || row.stage === stage)
        .map(({ epoch: _, ...row }): StoredProgress => ({ ...row, updatedAt: 0 })),
  };
}
