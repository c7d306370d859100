/** Runs work in one transaction; commits when it resolves, rolls back when it throws. */
export interface Transactions<Tx> {
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Inside a transaction: undone alone when `work` throws, so that the rest can go on. */
  savepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T>;
}
