import { parseAddress, printAddress } from '../../pipeline/domain/dead-letter-address.ts';
import type { ListPosition, StoredDeadLetter } from '../../pipeline/stores/dead-letter.ts';

/** Where the next page of a list begins; opaque to clients. */
export const cursorOf = (last: StoredDeadLetter): string =>
  Buffer.from(`${last.lastFailedAt} ${printAddress(last)}`).toString('base64url');

/** Undefined where the text is no cursor of ours. */
export function positionOf(cursor: string): ListPosition | undefined {
  const [, at, address = ''] = /^(\d{1,15}) (.+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const key = parseAddress(address);
  return key === undefined || at === undefined ? undefined : { ...key, lastFailedAt: Number(at) };
}
