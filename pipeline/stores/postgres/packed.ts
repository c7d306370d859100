/** Values of a column as one parameter; `slice` in SQL takes them apart again. */
export interface Packed {
  readonly bytes: Buffer;
  /** Where each begins, from 1 as SQL counts. */
  readonly from: readonly number[];
  /** NULL's length is null. */
  readonly length: readonly (number | null)[];
}

/**
 * One bytea goes to the server as it is; an array of them goes as text, which doubles each byte, and is parsed and
 * decoded there. For a profile record of 8.5 KB that is a third of what the statement costs (November 2026).
 */
export function pack(values: readonly (Buffer | string | null)[]): Packed {
  const parts = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const from: number[] = [];
  let at = 1;
  for (const part of parts) {
    from.push(at);
    at += part?.length ?? 0;
  }
  const bytes = Buffer.concat(parts.filter((part) => part !== null));
  return { bytes, from, length: parts.map((part) => part?.length ?? null) };
}
