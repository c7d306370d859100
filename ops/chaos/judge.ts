/** A row of the outbox whose transaction committed. */
export interface CommittedRow {
  readonly id: string;
  readonly seq: bigint;
  readonly shard: number;
  readonly topic: string;
  readonly key: string;
}

/** A record as a reader of committed records finds it, in offset order within its partition. */
export interface PublishedRecord {
  readonly id: string;
  readonly topic: string;
  /** When the broker appended it, milliseconds since the epoch. */
  readonly appendedAt: number;
}

export interface Verdict {
  /** Committed and in no topic. */
  readonly lost: readonly string[];
  /** In a topic though never committed, or in another topic than the row says. */
  readonly ghosts: readonly string[];
  /** Records that were there already. */
  readonly duplicates: number;
  /** Duplicates further behind than any page that can have been in flight. */
  readonly strays: readonly string[];
  /** Duplicates that were appended after a stopped relay was woken. */
  readonly late: readonly string[];
  /** Pairs of one key whose first occurrences are against the order of their transactions. */
  readonly misordered: readonly string[];
}

export interface JudgeOptions {
  /** How far behind the newest record of its shard a duplicate may lie: what can have been in flight at a time. */
  readonly inFlightRecords: number;
}

interface Known extends CommittedRow {
  /** Place among the first occurrences of its topic and shard; undefined until it is published. */
  place?: number;
}

/**
 * Compares what was committed with what was published, as multisets of event ids and in order. Each key must be
 * written by one transaction after the other, so that `seq` is the order that its readers must see.
 */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #rows = new Map<string, Known>();
  readonly #published = new Map<string, number>();
  readonly #newestOfKey = new Map<string, CommittedRow>();
  /** First occurrences a topic and shard. */
  readonly #count = new Map<string, number>();

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  addCommitted(rows: Iterable<CommittedRow>): void {
    for (const row of rows) {
      if (this.#rows.has(row.id)) throw new Error(`the outbox has ${row.id} twice: the load is at fault`);
      this.#rows.set(row.id, { ...row });
    }
  }

  /** Judges the records read since the last call, and all rows for being lost. */
  judge(records: Iterable<PublishedRecord>, wokenAt = Number.POSITIVE_INFINITY): Verdict {
    const found = { ghosts: [] as string[], strays: [] as string[], late: [] as string[], misordered: [] as string[] };
    let duplicates = 0;
    for (const record of records) {
      const row = this.#rows.get(record.id);
      if (!row || row.topic !== record.topic) {
        found.ghosts.push(record.id);
        continue;
      }
      const times = (this.#published.get(row.id) ?? 0) + 1;
      this.#published.set(row.id, times);
      if (times === 1) {
        const former = this.#first(row);
        if (former) found.misordered.push(`${former.id} before ${row.id}`);
        continue;
      }
      duplicates += 1;
      if (this.#distance(row) > this.#options.inFlightRecords) found.strays.push(row.id);
      if (record.appendedAt > wokenAt) found.late.push(row.id);
    }
    const lost = [...this.#rows.keys()].filter((id) => !this.#published.has(id));
    return { ...found, duplicates, lost };
  }

  knows(id: string): boolean {
    return this.#rows.has(id);
  }

  /** Notes a first occurrence; answers the row of its key that should have come after it. */
  #first(row: Known): CommittedRow | undefined {
    const lane = `${row.topic}/${row.shard}`;
    const place = (this.#count.get(lane) ?? 0) + 1;
    this.#count.set(lane, place);
    row.place = place;
    const key = `${row.topic}/${row.key}`;
    const former = this.#newestOfKey.get(key);
    if (former && former.seq > row.seq) return former;
    this.#newestOfKey.set(key, row);
    return undefined;
  }

  #distance(row: Known): number {
    return (this.#count.get(`${row.topic}/${row.shard}`) ?? 0) - (row.place ?? 0);
  }
}

const some = (ids: readonly string[]) => `${ids.length} (${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''})`;

/** What is wrong, in words; empty where all promises held. */
export function violationsOf(verdict: Verdict, { mayRepeat }: { readonly mayRepeat: boolean }): string[] {
  const { lost, ghosts, misordered, strays, late, duplicates } = verdict;
  const words: string[] = [];
  if (lost.length > 0) words.push(`lost ${some(lost)}`);
  if (ghosts.length > 0) words.push(`published but never committed ${some(ghosts)}`);
  if (misordered.length > 0) words.push(`against the order of their key ${some(misordered)}`);
  if (strays.length > 0) words.push(`repeated though not in flight ${some(strays)}`);
  if (late.length > 0) words.push(`repeated after the stopped relay woke up ${some(late)}`);
  if (duplicates > 0 && !mayRepeat) words.push(`${duplicates} repeated though nothing crashed`);
  return words;
}

/** Where a shard's stored cursor stands. */
export interface CursorPosition {
  readonly shard: number;
  readonly epoch: bigint;
  readonly baseXmax: bigint;
  /** The open batch's snapshot, if any. */
  readonly target: string | null;
  readonly lastSeq: bigint;
}

/** How the later position goes back behind the earlier one; undefined where it does not. */
export function setBack(earlier: CursorPosition, later: CursorPosition): string | undefined {
  const shard = `shard ${later.shard}`;
  if (later.epoch < earlier.epoch) return `${shard}: epoch ${earlier.epoch} → ${later.epoch}`;
  if (later.baseXmax < earlier.baseXmax) return `${shard}: base ${earlier.baseXmax} → ${later.baseXmax}`;
  const sameBatch = later.baseXmax === earlier.baseXmax && later.target !== null && later.target === earlier.target;
  if (sameBatch && later.lastSeq < earlier.lastSeq) return `${shard}: seq ${earlier.lastSeq} → ${later.lastSeq}`;
  return undefined;
}
