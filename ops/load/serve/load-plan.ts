import { fallbackLevels } from '../../../serving/recommend/fallback-level.ts';
import type { Surface } from './population.ts';

/** What the generator's process is told. */
export interface LoadPlan {
  readonly url: string;
  readonly surface: Surface;
  readonly users: number;
  readonly seed: number;
  readonly pace: ClosedLoop | OpenLoop;
  /** Every so many requests the answer is kept, to be compared. */
  readonly sampleEvery: number;
}

/** Every connection sends its next request when the one before is answered. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly connections: number;
  /** It ends after so long, and after so many requests, whichever comes later. */
  readonly seconds: number;
  readonly atLeast: number;
}

/** Requests are due at fixed times, and latency counts from when one was due. */
export interface OpenLoop {
  readonly kind: 'open';
  readonly requestsPerSecond: number;
  readonly seconds: number;
}

export interface Sample {
  /** Of the request. */
  readonly index: number;
  readonly user: number;
  readonly text: string;
}

/** A request each, in the order they were due or sent. */
export interface LoadResult {
  /** When the first request was due, wall clock in milliseconds. */
  readonly startedAt: number;
  /** First request to last answer. */
  readonly seconds: number;
  /** Milliseconds from due (open) or sent (closed) to the whole answer. */
  readonly latencies: Float64Array;
  /** Milliseconds from due to sent, the generator's own lateness. */
  readonly lateness: Float64Array;
  readonly users: Uint32Array;
  readonly statuses: Uint16Array;
  /** Indexes in `levels`. */
  readonly levels: Uint8Array;
  readonly samples: readonly Sample[];
  /** Of the generator's process in this time. */
  readonly cpuSeconds: number;
}

/** What an answer says of itself; `none` where it was a refusal. */
export const levels = [...fallbackLevels, 'none'] as const;
export type Level = (typeof levels)[number];
