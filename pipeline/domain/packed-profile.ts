import { packRecent, type RecentEvent, recentEntryBytes, unpackRecent } from './packed-recent.ts';

/** What serving needs of a profile: item numbers only, unknown items left out. */
export interface ProfileSummary {
  /** Popularity segment, `surface|locale`. */
  readonly segment: string;
  readonly locale: string;
  /** Interactions of the current session, oldest first, at most 30. */
  readonly session: readonly RecentEvent[];
  /** Newest first, at most 60. */
  readonly bought: readonly BoughtItem[];
  /** Newest first, at most 60 each. */
  readonly dismissed: readonly number[];
  readonly inCart: readonly number[];
  /** What the user likes, most first, at most 8. */
  readonly affinity: readonly TagAffinity[];
}

export interface BoughtItem {
  readonly item: number;
  /** Day of the latest purchase, days since the epoch (UTC). */
  readonly day: number;
}

export interface TagAffinity {
  /** `tagHash` of the tag: processes number tags differently. */
  readonly tag: number;
  /** 1 to 255, 255 the most. */
  readonly weight: number;
}

/** 32-bit FNV-1a over UTF-16 units. Of two tags of one hash one is taken for the other: of 10,000 tags 0.01 pairs. */
export function tagHash(tag: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let i = 0; i < tag.length; i += 1) hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01_00_01_93);
  return hash >>> 0;
}

/** Day of purchases in profiles of format 1, which does not say: later than any window begins. */
const unknownDay = 0xff_ff;

const format = 2;
const sessionLimit = 30;
export const setLimit = 60;
export const affinityLimit = 8;
/** Head bytes of format 1, which has neither affinity nor days. */
const headBytes = { 1: 7, 2: 8 } as const;

/**
 * Little-endian: u8 format, u8 bytes of segment, u8 bytes of locale, u8 entries of session, u8 bought,
 * u8 dismissed, u8 inCart, u8 affinity; segment, locale; entries as in `packRecent`; u32 numbers[] of the three
 * sets; u16 days[] of bought; u32 hashes[] and u8 weights[] of affinity.
 */
export function packProfile(profile: ProfileSummary): Buffer {
  const segment = Buffer.from(profile.segment).subarray(0, 255);
  const locale = Buffer.from(profile.locale).subarray(0, 255);
  const session = profile.session.slice(-sessionLimit);
  const bought = profile.bought.slice(0, setLimit);
  const sets = [
    bought.map(({ item }) => item),
    profile.dismissed.slice(0, setLimit),
    profile.inCart.slice(0, setLimit),
  ];
  const affinity = profile.affinity.slice(0, affinityLimit);
  const counts = [session.length, ...sets.map((set) => set.length), affinity.length];
  return Buffer.concat([
    Buffer.from([format, segment.length, locale.length, ...counts]),
    segment,
    locale,
    packRecent(session),
    Buffer.from(Uint32Array.from(sets.flat()).buffer),
    Buffer.from(Uint16Array.from(bought, ({ day }) => Math.min(day, unknownDay)).buffer),
    Buffer.from(Uint32Array.from(affinity, ({ tag }) => tag).buffer),
    Buffer.from(affinity.map(({ weight }) => weight)),
  ]);
}

/** Reads this format and the one before it. Throws RangeError where the bytes are neither. */
export function unpackProfile(bytes: Buffer): ProfileSummary {
  const version = bytes.length < 7 ? 0 : bytes.readUInt8(0);
  if (version !== 1 && version !== 2) throw new RangeError('not a packed profile of format 1 or 2');
  const localeAt = headBytes[version] + bytes.readUInt8(1);
  const sessionAt = localeAt + bytes.readUInt8(2);
  let at = sessionAt + recentEntryBytes * bytes.readUInt8(3);
  const session = unpackRecent(bytes.subarray(sessionAt, at));
  const take = <T>(count: number, size: number, read: (offset: number) => T): T[] => {
    const from = at;
    at += size * count;
    return Array.from({ length: count }, (_, i) => read(from + size * i));
  };
  const number = (offset: number) => bytes.readUInt32LE(offset);
  const boughtItems = take(bytes.readUInt8(4), 4, number);
  const dismissed = take(bytes.readUInt8(5), 4, number);
  const inCart = take(bytes.readUInt8(6), 4, number);
  const days = version === 1 ? [] : take(boughtItems.length, 2, (offset) => bytes.readUInt16LE(offset));
  const tags = version === 1 ? [] : take(bytes.readUInt8(7), 4, number);
  const weights = take(tags.length, 1, (offset) => bytes.readUInt8(offset));
  return {
    segment: bytes.toString('utf8', headBytes[version], localeAt),
    locale: bytes.toString('utf8', localeAt, sessionAt),
    session,
    bought: boughtItems.map((item, i) => ({ item, day: days[i] ?? unknownDay })),
    dismissed,
    inCart,
    affinity: tags.map((tag, i) => ({ tag, weight: weights[i] as number })),
  };
}
