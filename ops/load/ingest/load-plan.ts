/** What the generator's process is told: a fixed number of requests, whatever they take. */
export interface LoadPlan {
  readonly url: string;
  /** Tells this run's events from all others. */
  readonly run: number;
  readonly requests: number;
  /** Events a request; one is sent to the door for single events. */
  readonly batch: number;
  readonly pace: ClosedLoop | OpenLoop;
}

/** Every connection sends its next request when the one before is answered: the rate that can be had. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly connections: number;
}

/**
 * Requests are due at fixed times whether or not those before are answered, and latency counts from when one was due:
 * a server that stalls is charged for all that should have been sent meanwhile.
 */
export interface OpenLoop {
  readonly kind: 'open';
  readonly requestsPerSecond: number;
}

export interface LoadResult {
  /** First request due to last answer. */
  readonly seconds: number;
  /** Milliseconds a request: sent (closed) or due (open) to the whole answer. */
  readonly latencies: readonly number[];
  /** Milliseconds a request from due to sent, the generator's own lateness; 0 in a closed loop. */
  readonly lateness: readonly number[];
}
