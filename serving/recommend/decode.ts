import { type PackedList, unpackList } from '../../pipeline/domain/packed-list.ts';
import { type ProfileSummary, unpackProfile } from '../../pipeline/domain/packed-profile.ts';
import { type RecentEvent, unpackRecent } from '../../pipeline/domain/packed-recent.ts';

const noEvents: readonly RecentEvent[] = [];

/** Reads packed values; one that is not understood is counted and counts as absent. */
export interface Decoder {
  list(bytes: Buffer | null): PackedList | undefined;
  neighbours(bytes: Buffer | null): PackedList | undefined;
  profile(bytes: Buffer | null): ProfileSummary | undefined;
  recent(bytes: Buffer | null): readonly RecentEvent[];
}

export function createDecoder(onUndecodable: (kind: string) => void): Decoder {
  function read<T>(kind: string, bytes: Buffer | null, unpack: (bytes: Buffer) => T): T | undefined {
    if (bytes === null) return undefined;
    try {
      return unpack(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // what readers of a Buffer throw, too
      onUndecodable(kind);
      return undefined;
    }
  }
  return {
    list: (bytes) => read('list', bytes, unpackList),
    neighbours: (bytes) => read('similar', bytes, unpackList),
    profile: (bytes) => read('profile', bytes, unpackProfile),
    recent: (bytes) => read('recent', bytes, unpackRecent) ?? noEvents,
  };
}
