import type { Database } from '../../pipeline/stores/postgres/database.ts';
import { readTopic, type TopicReaderPorts } from '../topics/read-topic.ts';
import { type Comparison, compareByEvent, compareByKey } from './compare-records.ts';
import { eachRow, earlierDigests, keptSince, type RowState, type VerifyRange } from './verify-rows.ts';

export interface TopicVerdict {
  readonly topic: string;
  readonly cleanup: 'delete' | 'compact' | 'absent';
  /** Rows of the range by what became of them. */
  readonly rows: Readonly<Record<RowState, number>>;
  readonly records: number;
  /** Event ids, of compacted topics keys, that must be there. */
  readonly expected: number;
  readonly missing: readonly string[];
  readonly duplicates: number;
  /** Records that no row which is still kept explains. */
  readonly unexpected: number;
}

export interface Verdict {
  readonly topics: readonly TopicVerdict[];
  /** Rows older than this were dropped with their partitions, so nothing can be said of them. */
  readonly keptSince: number | undefined;
}

/** Clocks of database and brokers may differ by this much: records are looked for from so much earlier on. */
const clockSkewMs = 300_000;

interface Found {
  readonly comparison: Comparison;
  readonly cleanup: TopicVerdict['cleanup'];
  readonly rows: Record<RowState, number>;
}

/** Compares the committed rows of a range with what stands in their topics, committed records only. */
export async function verifyOutbox(database: Database, ports: TopicReaderPorts, range: VerifyRange): Promise<Verdict> {
  const names = range.topics ?? (await topicsOf(database));
  const cleanups = await cleanupsOf(names, ports);
  const found = new Map<string, Found>();
  for (const topic of names) {
    const cleanup = cleanups.get(topic) ?? 'absent';
    const comparison = cleanup === 'compact' ? compareByKey() : compareByEvent();
    found.set(topic, { comparison, cleanup, rows: { published: 0, waiting: 0, parked: 0, discarded: 0 } });
  }
  await eachRow(database, range, (row) => {
    const entry = found.get(row.topic);
    if (!entry) return; // its first row came after the topics were listed
    entry.comparison.addRow(row);
    if (row.due) entry.rows[row.state] += 1;
  });
  const topics: TopicVerdict[] = [];
  for (const [topic, entry] of found) topics.push(await judge(topic, entry, { database, ports, range }));
  return { topics, keptSince: await keptSince(database) };
}

async function topicsOf(database: Database): Promise<string[]> {
  // One index probe a topic would need an index on topic; the rows are read anyway.
  const rows = await database.query<{ topic: string }>({ text: 'SELECT DISTINCT topic FROM outbox ORDER BY 1' });
  return rows.map(({ topic }) => topic);
}

async function cleanupsOf(names: readonly string[], { admin }: TopicReaderPorts) {
  const states = await admin.describe(names);
  return new Map(
    states.map(({ name, config }) => [
      name,
      (config['cleanup.policy'] ?? 'delete').includes('compact') ? ('compact' as const) : ('delete' as const),
    ]),
  );
}

interface Sources {
  readonly database: Database;
  readonly ports: TopicReaderPorts;
  readonly range: VerifyRange;
}

async function judge(
  topic: string,
  { comparison, cleanup, rows }: Found,
  { database, ports, range }: Sources,
): Promise<TopicVerdict> {
  const sinceMs = Math.max(0, range.since - clockSkewMs);
  if (cleanup !== 'absent') await readTopic(ports, { topic, sinceMs, onRecord: comparison.addRecord });
  const { expected, missing, duplicates, unknown, records } = comparison.finish();
  const digests = [...unknown.keys()].map((text) => Buffer.from(text, 'latin1'));
  const earlier = await earlierDigests(database, topic, { since: range.since, digests });
  const unexplained = [...unknown].filter(([text]) => !earlier.has(text));
  const unexpected = unexplained.reduce((sum, [, count]) => sum + count, 0);
  return { topic, cleanup, rows, records, expected, missing, duplicates, unexpected };
}

/** For people. */
export function verdictLines({ topics, keptSince: kept }: Verdict, since: number): string[] {
  const lines = topics.map(({ topic, cleanup, rows, records, expected, missing, duplicates, unexpected }) => {
    const what = cleanup === 'compact' ? 'keys' : 'events';
    const others = `${rows.waiting} rows not published yet, ${rows.parked} parked, ${rows.discarded} discarded`;
    const there = cleanup === 'absent' ? 'THE TOPIC IS NOT THERE' : `${records} records read`;
    return `${topic}: ${expected} ${what} expected, ${missing.length} MISSING, ${duplicates} duplicates, ${unexpected} unexpected; ${others}; ${there}`;
  });
  const examples = topics.flatMap(({ topic, missing }) =>
    missing.slice(0, 10).map((id) => `  missing from ${topic}: ${id}`),
  );
  if (topics.length === 0) lines.push('the outbox holds no rows');
  const honest =
    kept !== undefined && since < kept
      ? [
          Number.isFinite(kept)
            ? `rows older than ${new Date(kept).toISOString()} were dropped with their partitions: nothing is said of them, and their records may be among the unexpected`
            : 'all rows were dropped with their partitions: nothing can be said of them',
        ]
      : [];
  return [...lines, ...examples, ...honest];
}
