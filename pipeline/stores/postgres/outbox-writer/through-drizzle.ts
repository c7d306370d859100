import type { AppendClient } from './append.ts';

/** Drizzle's `sql`, as far as it is needed. */
type SqlTag<Query> = (text: TemplateStringsArray, ...values: never[]) => Query;

/**
 * A transaction of drizzle as a client: `append(throughDrizzle(tx, sql), events)`, whichever driver it runs on.
 * `sql` is drizzle's own, so that this package needs none.
 */
export function throughDrizzle<Query>(
  tx: { execute(query: Query): PromiseLike<unknown> },
  sql: SqlTag<Query>,
): AppendClient {
  return {
    query(text, values) {
      const parts = text.split(/\$\d+/);
      return tx.execute(sql(Object.assign(parts, { raw: parts }), ...(values as never[])));
    },
  };
}
