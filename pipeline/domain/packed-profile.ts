import { packRecent, type RecentEvent, recentEntryBytes, unpackRecent } from './packed-recent.ts';

/** What serving needs of a profile: item numbers only, unknown items left out. */
export interface ProfileSummary {
  /** Popularity segment, `surface|locale`. */
  readonly segment: string;
  readonly locale: string;
  /** Interactions of the current session, oldest first, at most 30. */
  readonly session: readonly RecentEvent[];
  /** Newest first, at most 60 each. */
  readonly bought: readonly number[];
  readonly dismissed: readonly number[];
  readonly inCart: readonly number[];
}

const format = 1;
const sessionLimit = 30;
const setLimit = 60;

/**
 * Little-endian: u8 format, u8 bytes of segment, u8 bytes of locale, u8 entries of session, u8 bought,
 * u8 dismissed, u8 inCart; segment, locale; entries as in `packRecent`; u32 numbers[].
 */
export function packProfile(profile: ProfileSummary): Buffer {
  const segment = Buffer.from(profile.segment).subarray(0, 255);
  const locale = Buffer.from(profile.locale).subarray(0, 255);
  const session = profile.session.slice(-sessionLimit);
  const sets = [profile.bought, profile.dismissed, profile.inCart].map((set) => set.slice(0, setLimit));
  const head = Buffer.from([format, segment.length, locale.length, session.length, ...sets.map((set) => set.length)]);
  const numbers = Buffer.from(Uint32Array.from(sets.flat()).buffer);
  return Buffer.concat([head, segment, locale, packRecent(session), numbers]);
}

/** Throws RangeError where the bytes are not a profile of this format. */
export function unpackProfile(bytes: Buffer): ProfileSummary {
  if (bytes.length < 7 || bytes.readUInt8(0) !== format) throw new RangeError('not a packed profile of format 1');
  const localeAt = 7 + bytes.readUInt8(1);
  const sessionAt = localeAt + bytes.readUInt8(2);
  let at = sessionAt + recentEntryBytes * bytes.readUInt8(3);
  const session = unpackRecent(bytes.subarray(sessionAt, at));
  const take = (count: number) => {
    const from = at;
    at += 4 * count;
    return Array.from({ length: count }, (_, i) => bytes.readUInt32LE(from + 4 * i));
  };
  const bought = take(bytes.readUInt8(4));
  const dismissed = take(bytes.readUInt8(5));
  const inCart = take(bytes.readUInt8(6));
  return {
    segment: bytes.toString('utf8', 7, localeAt),
    locale: bytes.toString('utf8', localeAt, sessionAt),
    session,
    bought,
    dismissed,
    inCart,
  };
}
