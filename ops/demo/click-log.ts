import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One click of the log. */
export interface Click {
  /** Stable over runs: split and line of the file. */
  readonly eventId: string;
  readonly sessionId: string;
  readonly itemId: string;
  /** Milliseconds since the epoch, not shifted. */
  readonly occurredAt: number;
}

export interface ClickLog {
  /** In time order. */
  readonly train: readonly Click[];
  /** Sessions of the test day in order of their first click, clicks in time order. */
  readonly testSessions: readonly (readonly Click[])[];
  readonly itemIds: readonly string[];
  /** Time of the last click of all. */
  readonly endsAt: number;
}

const folder = join(import.meta.dirname, 'data', 'serenade-toy');

function readSplit(split: string): Click[] {
  const lines = gunzipSync(readFileSync(join(folder, `${split}.tsv.gz`)))
    .toString('utf8')
    .split('\n');
  return lines.slice(1).flatMap((line, index) => {
    const [sessionId, itemId, time] = line.split('\t');
    if (!sessionId || !itemId || !time) return [];
    return [{ eventId: `${split}-${index + 1}`, sessionId, itemId, occurredAt: Number(time) * 1_000 }];
  });
}

/** Rows are not in time order in the files; equal times keep the order of the file. */
const byTime = (clicks: Click[]): Click[] => clicks.sort((a, b) => a.occurredAt - b.occurredAt);

/**
 * Serenade's toy click log (see data/serenade-toy/README.md).
 * `limit` keeps the newest clicks of the training days and a share of the test sessions.
 */
export function readClickLog(limit?: number): ClickLog {
  const allTrain = byTime(readSplit('train'));
  const train = limit === undefined ? allTrain : allTrain.slice(-limit);
  const test = byTime(readSplit('test'));
  const sessions = new Map<string, Click[]>();
  for (const click of test) {
    const session = sessions.get(click.sessionId);
    if (session) session.push(click);
    else sessions.set(click.sessionId, [click]);
  }
  const all = [...sessions.values()];
  const share = Math.ceil(all.length * Math.min(1, train.length / allTrain.length));
  const testSessions = all.slice(0, share);
  return {
    train,
    testSessions,
    itemIds: [...new Set([...train, ...testSessions.flat()].map((click) => click.itemId))],
    endsAt: Math.max(...test.map((click) => click.occurredAt)),
  };
}
