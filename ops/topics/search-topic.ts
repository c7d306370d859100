import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';
import type { Cluster } from '../../pipeline/broker/kafka/cluster.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { type FetchFrom, fetchBody, fetchRequest, type LogRecord, readFetched } from './fetch.ts';

/** Part of a partition: offsets from `from` up to, but without, `to`. */
export interface Area {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface SearchPorts {
  readonly admin: Pick<BrokerAdmin, 'offsets' | 'offsetsAt'>;
  readonly cluster: Cluster;
  /** The cluster's name of a topic. */
  physical(topic: string): string;
}

export interface SearchOptions {
  readonly topic: string;
  readonly areas: readonly Area[];
  /** Bytes that what is looked for holds, in key or value. */
  readonly needles: readonly Buffer[];
  isMatch(record: LogRecord): boolean | Promise<boolean>;
  /** `newest`: from the end back, until something is found. `oldest`: from the start on, and a little past the first. */
  readonly order: 'newest' | 'oldest';
  /** By the monotonic clock: what is not searched by then is left. */
  readonly deadlineMs: number;
}

export interface SearchResult {
  readonly found: readonly LogRecord[];
  readonly searchedRecords: bigint;
  /** Up to the first that was found, or all of it; false where time ran out or something could not be read. */
  readonly isComplete: boolean;
  readonly unread: number;
}

/** Offsets a partition and round. */
const windowOffsets = 20_000n;
/** Whatever was published twice lies close to its first time. */
const pastFound = 20_000n;

/** The part of a topic's partitions that was written at or after an instant, by the records' timestamps. */
export async function areasSince(
  { admin }: Pick<SearchPorts, 'admin'>,
  {
    topic,
    sinceMs,
    partition,
  }: { readonly topic: string; readonly sinceMs: number; readonly partition?: number | undefined },
): Promise<Area[]> {
  const [ranges, starts] = await Promise.all([admin.offsets(topic), admin.offsetsAt(topic, Math.max(0, sinceMs))]);
  return ranges
    .filter((range) => partition === undefined || range.partition === partition)
    .map((range) => {
      const start = starts.find((one) => one.partition === range.partition)?.offset ?? range.low;
      return { partition: range.partition, from: greater(start, range.low), to: range.high };
    });
}

/** Searches without a group, so that it starts at once and leaves nothing behind. */
export async function searchTopic(ports: SearchPorts, options: SearchOptions): Promise<SearchResult> {
  const search = new Search(ports, options);
  return search.run();
}

class Search {
  readonly #ports: SearchPorts;
  readonly #options: SearchOptions;
  readonly #found: LogRecord[] = [];
  #searched = 0n;
  #unread = 0;
  #isCutShort = false;

  constructor(ports: SearchPorts, options: SearchOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  async run(): Promise<SearchResult> {
    const { areas, order } = this.#options;
    let rest = areas.filter(({ from, to }) => to > from);
    while (rest.length > 0 && !this.#isLate()) {
      const windows = rest.map(order === 'newest' ? newestWindow : oldestWindow);
      await this.#searchWindows(windows);
      rest = rest.flatMap((area, at) => without(area, windows[at] as Area, order));
      if (this.#found.length > 0) rest = order === 'newest' ? [] : this.#nearFound(rest);
    }
    return {
      found: this.#found.toSorted((a, b) => (a.offset < b.offset ? -1 : 1)),
      searchedRecords: this.#searched,
      isComplete: rest.length === 0 && this.#unread === 0 && !this.#isCutShort,
      unread: this.#unread,
    };
  }

  #isLate(): boolean {
    return systemClock.monotonic() > this.#options.deadlineMs;
  }

  #nearFound(rest: readonly Area[]): Area[] {
    return rest.flatMap(({ partition, from, to }) => {
      const last = this.#found.filter((one) => one.partition === partition).at(-1);
      if (last === undefined) return [];
      const end = lesser(last.offset + pastFound, to);
      return end > from ? [{ partition, from, to: end }] : [];
    });
  }

  async #searchWindows(windows: readonly Area[]): Promise<void> {
    const { cluster, physical } = this.#ports;
    const topic = physical(this.#options.topic);
    const leaders = (await cluster.leaders(new Set([topic]))).get(topic) ?? [];
    const byLeader = Map.groupBy(windows, ({ partition }) => leaders[partition]?.leader ?? -1);
    await Promise.all([...byLeader].map(([leader, areas]) => this.#searchOn(leader, topic, areas)));
  }

  async #searchOn(leader: number, topic: string, windows: readonly Area[]): Promise<void> {
    const { needles } = this.#options;
    let open: (Area & FetchFrom)[] = windows.map((window) => ({ ...window, offset: window.from }));
    while (open.length > 0) {
      if (this.#isLate()) {
        this.#isCutShort = true;
        return;
      }
      const candidates: LogRecord[] = [];
      const take = (record: LogRecord) => void candidates.push(record);
      const body = fetchBody(topic, open);
      const response = await this.#ports.cluster.exchange(leader, { ...fetchRequest, body });
      const answers = readFetched(response, open, { needles, take });
      await this.#keep(candidates, open);
      open = open.flatMap((one) => {
        const answer = answers.find(({ partition }) => partition === one.partition);
        if (answer === undefined || answer.error !== 0) {
          this.#isCutShort = true;
          return [];
        }
        this.#unread += answer.unread;
        const reached = lesser(answer.next, one.to);
        this.#searched += reached - one.offset;
        // Nothing came: the rest are offsets without a record, or not committed yet.
        return answer.next > one.offset && answer.next < one.to ? [{ ...one, offset: answer.next }] : [];
      });
    }
  }

  async #keep(candidates: readonly LogRecord[], areas: readonly Area[]): Promise<void> {
    const { needles, isMatch } = this.#options;
    for (const record of candidates) {
      const area = areas.find(({ partition }) => partition === record.partition);
      if (area === undefined || record.offset >= area.to) continue;
      const holds = needles.some((needle) => record.value?.includes(needle) || record.key?.includes(needle));
      if (holds && (await isMatch(record))) this.#found.push(record);
    }
  }
}

const newestWindow = ({ partition, from, to }: Area): Area => ({
  partition,
  from: greater(to - windowOffsets, from),
  to,
});

const oldestWindow = ({ partition, from, to }: Area): Area => ({
  partition,
  from,
  to: lesser(from + windowOffsets, to),
});

function without(area: Area, window: Area, order: SearchOptions['order']): Area[] {
  const rest = order === 'newest' ? { ...area, to: window.from } : { ...area, from: window.to };
  return rest.to > rest.from ? [rest] : [];
}

function lesser(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function greater(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
