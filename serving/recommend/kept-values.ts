import type { UserValues } from '../../pipeline/stores/serving.ts';

/**
 * A user's values in one buffer: thousands are kept, and what is kept in many small objects is moved about by the
 * garbage collector. Copied, for replies are slices of what came over the wire at once and would keep all of it.
 */
export interface KeptValues {
  readonly bytes: Buffer;
  /** Bytes of list, profile and recent events in turn; -1 where there is none. */
  readonly list: number;
  readonly profile: number;
  readonly recent: number;
}

const lengthOf = (bytes: Buffer | null): number => (bytes === null ? -1 : bytes.length);

export function keepValues({ list, profile, recent }: UserValues): KeptValues {
  const parts = [list, profile, recent].filter((part) => part !== null);
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(bytes, at);
  return { bytes, list: lengthOf(list), profile: lengthOf(profile), recent: lengthOf(recent) };
}

export function valuesOf({ bytes, list, profile, recent }: KeptValues): UserValues {
  let at = 0;
  const take = (length: number) => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  return { list: take(list), profile: take(profile), recent: take(recent) };
}
