import { messageOf, TransientError } from '../../kernel/errors.ts';

/** Passes a reply on; any error becomes a TransientError, as every Redis error heals or is healed. */
export async function available<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw new TransientError('redis_unavailable', messageOf(error), { cause: error });
  }
}

/** The state version in `f:active`; undefined where it is absent or no version. */
export function versionOf(text: string | null): number | undefined {
  const version = Number(text ?? Number.NaN);
  return Number.isInteger(version) && version > 0 ? version : undefined;
}
