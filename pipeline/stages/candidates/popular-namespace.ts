import { listLimit, type PackedCandidate, packList, sourceBit } from '../../domain/packed-list.ts';
import { globalSegment, oldestHour, Popularity } from '../../domain/popularity.ts';
import type { NamespaceSettings } from '../../domain/settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { ActivityReader } from '../../stores/activity.ts';
import type { CandidateWriter, PopularList } from '../../stores/candidate.ts';
import type { ItemNumbers } from '../../stores/item-number.ts';
import type { SettingsSource } from '../../stores/settings.ts';

export interface PopularNamespaceOptions {
  readonly version: number;
  readonly activity: ActivityReader;
  readonly settings: SettingsSource;
  readonly itemNumbers: ItemNumbers;
  readonly writer: Pick<CandidateWriter, 'savePopular'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

const hourMs = 3_600_000;
/** Hours a query when all are read: their rows are in memory together, and an hour may have 100,000. */
const hoursAtOnce = 12;
/** Older hours that are read again in one round because sessions touched them. */
const touchedAtOnce = 48;
/** Clocks of clients may run ahead by at most a day. */
const hoursAhead = 24;

/** Counts since they were last read whole. */
interface Counts {
  readonly popularity: Popularity;
  readonly settings: NamespaceSettings;
  readonly hour: number;
}

/**
 * Popular lists of one namespace. The current and the previous hour are read every round, older ones when
 * sessions touched them (a replay writes far back), all of them once an hour and when the settings change.
 */
export class PopularNamespace {
  readonly #name: string;
  readonly #options: PopularNamespaceOptions;
  readonly #touched = new Set<number>();
  readonly #written = new Map<string, Buffer>();
  #counts: Counts | undefined;
  #writeAll = true;

  constructor(name: string, options: PopularNamespaceOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Something happened in this hour. */
  touch(hour: number): void {
    this.#touched.add(hour);
  }

  forgetWritten(): void {
    this.#written.clear();
    this.#writeAll = true;
  }

  async refresh(): Promise<void> {
    const { clock, settings } = this.#options;
    const hour = Math.floor(clock.now() / hourMs);
    const wanted = settings.get(this.#name);
    const known = this.#counts;
    if (known?.hour === hour && isSame(known.settings, wanted)) await this.#readTouched(known);
    else await this.#readAll(hour, wanted);
    if (this.#counts) await this.#writeChanged(this.#counts.popularity);
  }

  async #readAll(hour: number, settings: NamespaceSettings): Promise<void> {
    this.#counts = undefined;
    this.#touched.clear();
    const popularity = new Popularity(settings, hour);
    const end = hour + hoursAhead + 1;
    for (let from = oldestHour(settings, hour); from < end; from += hoursAtOnce) {
      const length = Math.min(hoursAtOnce, end - from);
      await this.#readInto(
        popularity,
        Array.from({ length }, (_, i) => from + i),
      );
    }
    this.#counts = { popularity, settings, hour };
  }

  async #readTouched({ popularity, settings, hour: current }: Counts): Promise<void> {
    const hours = new Set([current - 1, current]);
    for (const hour of this.#touched) {
      if (hours.size >= touchedAtOnce + 2) break;
      this.#touched.delete(hour);
      if (hour >= oldestHour(settings, current) && hour <= current + hoursAhead) hours.add(hour);
    }
    try {
      await this.#readInto(popularity, [...hours]);
    } catch (error) {
      for (const hour of hours) this.#touched.add(hour);
      throw error;
    }
  }

  async #readInto(popularity: Popularity, hours: readonly number[]): Promise<void> {
    const { activity, version } = this.#options;
    const rows = Map.groupBy(await activity.hours(version, this.#name, hours), ({ hour }) => hour);
    for (const hour of hours) popularity.replaceHour(hour, rows.get(hour) ?? []);
  }

  /** Writes what differs from what was written; a segment that has nothing left loses its list. */
  async #writeChanged(popularity: Popularity): Promise<void> {
    const { version, writer, clock, metrics } = this.#options;
    const gone = [...this.#written.keys()].filter((segment) => !popularity.has(segment));
    const segments = new Set([...popularity.changed(), ...gone, ...(this.#writeAll ? popularity.segments() : [])]);
    const lists: PopularList[] = [];
    const contents = new Map<string, Buffer>();
    const settled: string[] = [];
    for (const segment of segments) {
      const { candidates, isComplete } = await this.#candidates(popularity, segment);
      if (isComplete) settled.push(segment);
      const content = packList({ computedAt: 0, reflects: undefined, candidates });
      if (this.#written.get(segment)?.equals(content)) continue;
      const isEmpty = candidates.length === 0 && segment !== globalSegment;
      const list = isEmpty ? null : packList({ computedAt: clock.now(), reflects: undefined, candidates });
      contents.set(segment, content);
      lists.push({ namespace: this.#name, segment, list });
    }
    if (lists.length > 0) await writer.savePopular(version, lists);
    this.#writeAll = false;
    for (const [segment, content] of contents) this.#written.set(segment, content);
    for (const segment of gone) this.#written.delete(segment);
    popularity.settle(settled);
    metrics.candidatesLists.inc({ kind: 'popular' }, lists.length);
  }

  /**
   * As many of the best as a list holds, without items that the catalogue does not know (yet: while there are
   * such, the list is not complete and is made again).
   */
  async #candidates(
    popularity: Popularity,
    segment: string,
  ): Promise<{ readonly candidates: readonly PackedCandidate[]; readonly isComplete: boolean }> {
    const sources = sourceBit('popular');
    for (let asked = 2 * listLimit; ; asked *= 4) {
      const top = popularity.top(segment, asked);
      const ids = top.map(({ itemId }) => itemId);
      const numbers = await this.#options.itemNumbers.resolve(this.#name, ids);
      const known = top.flatMap(({ itemId, score }) => {
        const item = numbers.get(itemId);
        return item === undefined ? [] : [{ item, score, sources, because: 0 }];
      });
      const isEnough = known.length >= listLimit || top.length < asked || asked > 50 * listLimit;
      if (isEnough) return { candidates: known.slice(0, listLimit), isComplete: known.length === top.length };
    }
  }
}

const isSame = (a: NamespaceSettings, b: NamespaceSettings): boolean =>
  a.popularity_half_life_ms === b.popularity_half_life_ms && JSON.stringify(a.weights) === JSON.stringify(b.weights);
