import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';

export interface HeldLeasesOptions {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayLeases' | 'relayLeaseChanges'>;
}

/** Shard → epoch of what this relay holds; what is being handed over is still renewed but no longer published. */
export class HeldLeases {
  readonly current = new Map<number, bigint>();
  readonly leaving = new Map<number, bigint>();
  readonly #options: HeldLeasesOptions;
  #changed = false;

  constructor(options: HeldLeasesOptions) {
    this.#options = options;
  }

  all(): Map<number, bigint> {
    return new Map([...this.current, ...this.leaving]);
  }

  add(taken: ReadonlyMap<number, bigint>): void {
    for (const [shard, epoch] of taken) this.current.set(shard, epoch);
    this.#count('taken', [...taken.keys()]);
  }

  /** Answers what is held no longer. */
  keepOnly(renewed: ReadonlySet<number>): readonly number[] {
    const gone = [...this.all().keys()].filter((shard) => !renewed.has(shard));
    const lost = [...this.current.keys()].filter((shard) => !renewed.has(shard));
    for (const shard of lost) this.current.delete(shard);
    for (const shard of [...this.leaving.keys()]) if (!renewed.has(shard)) this.leaving.delete(shard);
    this.#count('lost', lost);
    return gone;
  }

  /** Takes the last `count` out of publishing. */
  part(count: number): Map<number, bigint> {
    const parting = new Map([...this.current].slice(-count));
    for (const [shard, epoch] of parting) {
      this.current.delete(shard);
      this.leaving.set(shard, epoch);
    }
    this.#count('given_back', [...parting.keys()]);
    return parting;
  }

  /** Empties it and answers what was held. */
  clear(): Map<number, bigint> {
    const all = this.all();
    this.part(this.current.size);
    this.leaving.clear();
    return all;
  }

  /** Whether anything changed since this was last asked. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  #count(change: string, shards: readonly number[]): void {
    const { log, metrics } = this.#options;
    metrics.relayLeases.set(this.current.size);
    if (shards.length === 0) return;
    this.#changed = true;
    metrics.relayLeaseChanges.inc({ change }, shards.length);
    log.info({ change, shards, held: this.current.size }, 'leases changed');
  }
}
