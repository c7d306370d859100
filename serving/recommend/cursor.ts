import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { fallbackLevels } from './fallback-level.ts';
import type { Page } from './page.ts';
import type { Slate } from './query.ts';

/** How long a list may be gone on with, milliseconds. */
export const cursorMs = 30 * 60_000;
/** Items of one list over all of its pages. */
export const pagedItems = 200;
/** Longest cursor that is looked at: 200 numbers of 5 bytes and a request id, as base64. */
export const cursorLength = 2_048;

/** What a cursor looks like. */
export const cursorPattern = /^[\w-]{22,}$/;

const format = 1;
const macBytes = 16;
const headBytes = 16;

/** Whose list it is; a cursor of another one does not open. */
export interface CursorOwner {
  readonly namespace: string;
  readonly userId: string;
  readonly surface: string;
}

/** `expired` also where it was made for another user or surface, or with another key: a client does the same then. */
export type OpenedCursor = Page | 'malformed' | 'expired';

/** Makes and opens cursors: signed, and holding all that a later page needs. */
export interface Cursors {
  /** Undefined where nothing is left to go on with. */
  next(slate: Slate): string | undefined;
  open(cursor: string, owner: CursorOwner, now: number): OpenedCursor;
}

/** Processes that share the key open each other's cursors. */
export function createCursors(key: Buffer): Cursors {
  const secret = createSecretKey(key);
  const sign = (payload: Buffer, { namespace, userId, surface }: CursorOwner): Buffer =>
    createHmac('sha256', secret)
      .update(`${namespace}\0${userId}\0${surface}\0`)
      .update(payload)
      .digest()
      .subarray(0, macBytes);
  return {
    next(slate) {
      if (slate.rest.length === 0) return undefined;
      const page = pageAfter(slate);
      if (page.rest.length === 0) return undefined;
      const payload = pack(page, slate.query.askedAt + cursorMs);
      return Buffer.concat([payload, sign(payload, slate.query)]).toString('base64url');
    },
    open(cursor, owner, now) {
      if (!cursorPattern.test(cursor) || cursor.length > cursorLength) return 'malformed';
      const bytes = Buffer.from(cursor, 'base64url');
      const payload = bytes.subarray(0, -macBytes);
      if (payload.length < headBytes || payload.readUInt8(0) !== format) return 'malformed';
      if (!timingSafeEqual(bytes.subarray(-macBytes), sign(payload, owner))) return 'expired';
      const { page, expiresAt } = unpack(payload);
      return now < expiresAt ? page : 'expired';
    },
  };
}

function pageAfter({ query, items, level, rest }: Slate): Page {
  const former = query.page;
  const shown = [...(former?.shown ?? []), ...items.map(({ item }) => item)];
  return {
    requestId: former?.requestId ?? query.requestId,
    offset: (former?.offset ?? 0) + items.length,
    level,
    score: items.at(-1)?.score ?? former?.score ?? 0,
    shown,
    rest: rest.slice(0, Math.max(0, pagedItems - shown.length)),
  };
}

/**
 * Little-endian: u8 format, u8 level, u16 offset, u8 bytes of the request id, u8 items shown, u8 items left, u8 0,
 * u32 seconds of expiry, f32 score; request id; then each item number as a base-128 varint.
 */
function pack({ requestId, offset, level, score, shown, rest }: Page, expiresAt: number): Buffer {
  const id = Buffer.from(requestId);
  const bytes = Buffer.alloc(headBytes + id.length + 5 * (shown.length + rest.length));
  bytes.writeUInt8(format, 0);
  bytes.writeUInt8(fallbackLevels.indexOf(level), 1);
  bytes.writeUInt16LE(offset, 2);
  bytes.writeUInt8(id.length, 4);
  bytes.writeUInt8(shown.length, 5);
  bytes.writeUInt8(rest.length, 6);
  bytes.writeUInt32LE(Math.floor(expiresAt / 1_000), 8);
  bytes.writeFloatLE(score, 12);
  let at = headBytes + id.copy(bytes, headBytes);
  for (const numbers of [shown, rest]) {
    for (let left of numbers) {
      for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes[at++] = (left & 0x7f) | 0x80;
      bytes[at++] = left;
    }
  }
  return bytes.subarray(0, at);
}

/** Of bytes whose signature was right: they are what `pack` wrote. */
function unpack(bytes: Buffer): { readonly page: Page; readonly expiresAt: number } {
  const idEnd = headBytes + bytes.readUInt8(4);
  let at = idEnd;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const page = {
    requestId: bytes.toString('utf8', headBytes, idEnd),
    offset: bytes.readUInt16LE(2),
    level: fallbackLevels[bytes.readUInt8(1)] ?? 'personal',
    score: bytes.readFloatLE(12),
    shown: Array.from({ length: bytes.readUInt8(5) }, number),
    rest: Array.from({ length: bytes.readUInt8(6) }, number),
  };
  return { page, expiresAt: 1_000 * bytes.readUInt32LE(8) };
}
