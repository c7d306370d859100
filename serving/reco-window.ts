export interface RecoWindowOptions {
  readonly windowMs: number;
  /** Requests kept; beyond them the oldest go, however young they are. */
  readonly maxSamples: number;
}

/** What requests for lists took and ended with. */
export interface RecoSummary {
  readonly samples: number;
  /** By nearest rank, milliseconds; null where there are no samples. */
  readonly latencyMs: Readonly<Record<'p50' | 'p95' | 'p99', number | null>>;
  readonly statuses: Readonly<Record<'2xx' | '4xx' | '5xx', number>>;
  /** Share of 5xx among all. */
  readonly errorRate: number;
}

/** Requests for lists of the last while, in a ring of fixed size. Times are of one monotonic clock. */
export class RecoWindow {
  readonly #windowMs: number;
  readonly #endedAt: Float64Array;
  readonly #tookMs: Float64Array;
  readonly #status: Uint16Array;
  #next = 0;
  #count = 0;

  constructor({ windowMs, maxSamples }: RecoWindowOptions) {
    this.#windowMs = windowMs;
    this.#endedAt = new Float64Array(maxSamples);
    this.#tookMs = new Float64Array(maxSamples);
    this.#status = new Uint16Array(maxSamples);
  }

  add(endedAt: number, tookMs: number, status: number): void {
    const at = this.#next;
    this.#endedAt[at] = endedAt;
    this.#tookMs[at] = tookMs;
    this.#status[at] = status;
    this.#next = (at + 1) % this.#endedAt.length;
    this.#count = Math.min(this.#count + 1, this.#endedAt.length);
  }

  /** Sorts what is in the window: some milliseconds for 50,000 samples. */
  summary(now: number): RecoSummary {
    const times: number[] = [];
    const statuses = { '2xx': 0, '4xx': 0, '5xx': 0 };
    for (let i = 0; i < this.#count; i += 1) {
      if ((this.#endedAt[i] as number) < now - this.#windowMs) continue;
      times.push(this.#tookMs[i] as number);
      const status = this.#status[i] as number;
      if (status >= 500) statuses['5xx'] += 1;
      else if (status >= 400) statuses['4xx'] += 1;
      else statuses['2xx'] += 1;
    }
    const sorted = Float64Array.from(times).sort();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
    return {
      samples: times.length,
      latencyMs: { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99) },
      statuses,
      errorRate: times.length === 0 ? 0 : statuses['5xx'] / times.length,
    };
  }
}
