import { isDeepStrictEqual } from 'node:util';

/**
 * Puts what the tables said into the projection, until they still say so afterwards: of several who do this at the
 * same time, one that was held up for long included, the last to write leaves the newest.
 */
export async function putSettled<T>(first: T, put: (rows: T) => Promise<void>, read: () => Promise<T>): Promise<void> {
  for (let before = first; ; ) {
    await put(before);
    const after = await read();
    if (isDeepStrictEqual(before, after)) return;
    before = after;
  }
}
