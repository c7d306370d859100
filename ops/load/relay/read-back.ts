import { setTimeout as delay } from 'node:timers/promises';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import type { BenchArea } from './area.ts';
import type { BenchEvents } from './events.ts';
import { type Comparison, Ledger } from './ledger.ts';
import { openTopicReader } from './topic-reader.ts';

/** A topic that was read to its end and found complete. */
export interface ReadBack {
  readonly comparison: Comparison;
  /** When each record was appended, ascending, wall clock milliseconds. */
  readonly appendedAt: Float64Array;
}

export interface ReadBackOptions {
  readonly area: BenchArea;
  readonly events: BenchEvents;
  readonly topic: string;
  readonly expected: number;
  readonly laneOf?: (i: number) => number;
  readonly laneCount?: number;
}

const againAfterMs = 1_000;
const mostReads = 10;

async function readOnce(options: ReadBackOptions): Promise<ReadBack> {
  const { area, topic } = options;
  const ledger = new Ledger({ ...options, ...options.events });
  const appended: number[] = [];
  const reader = await openTopicReader(area.urls.kafkaBrokers, area.prefix + topic);
  try {
    await reader.run(
      (record) => {
        ledger.take(record);
        appended.push(record.appendedAt);
      },
      await area.endOffsets(topic),
    );
  } finally {
    reader.close();
  }
  return { comparison: ledger.compare(), appendedAt: Float64Array.from(appended).sort() };
}

/**
 * Reads a topic from its beginning to the end it has now, committed records only, and compares every record byte for
 * byte. Throws FreshetError `bench_failed` where an event is missing, is not as written or stands before an earlier
 * one of its key: then there is no figure.
 */
export async function readBack(options: ReadBackOptions): Promise<ReadBack> {
  const { topic } = options;
  let found = await readOnce(options);
  // With duplicates among them, as many records as events may be there before the last event is.
  for (let reads = 1; reads < mostReads && isStillComing(found); reads += 1) {
    await delay(againAfterMs);
    found = await readOnce(options);
  }
  const { missing, foreign, misordered, expected } = found.comparison;
  if (missing + foreign + misordered > 0) {
    throw new FreshetError(
      'bench_failed',
      `${topic}: of ${expected} events ${missing} are missing, ${foreign} records are not as written, ${misordered} out of order`,
    );
  }
  return found;
}

const isStillComing = ({ comparison: { missing, duplicates } }: ReadBack): boolean => missing > 0 && duplicates > 0;
