export interface DlqLimitOptions {
  /** Share of the last `window` records that may be dead letters; what was not yet seen counts as good. */
  readonly ratio: number;
  readonly inARow: number;
  readonly window?: number;
}

/** Stops a partition before a bad deploy drains its topic into the dead letters. */
export interface DlqLimit {
  /** How many of these outcomes (true = dead letter) may be acted on: all, or up to the one that trips. */
  admits(outcomes: readonly boolean[]): number;
  /** Takes note of outcomes that were acted on; true when a dead letter among them reached the limit. */
  record(outcomes: readonly boolean[]): boolean;
}

export function createDlqLimit({ ratio, inARow, window = 1_000 }: DlqLimitOptions): DlqLimit {
  const most = ratio * window;
  let ring = new Uint8Array(window);
  let at = 0;
  let dead = 0;
  let row = 0;

  const step = (isDead: boolean) => {
    dead += (isDead ? 1 : 0) - (ring[at] as number);
    ring[at] = isDead ? 1 : 0;
    at = (at + 1) % window;
    row = isDead ? row + 1 : 0;
    return isDead && (dead > most || row >= inARow);
  };
  return {
    admits(outcomes) {
      if (!outcomes.includes(true)) return outcomes.length;
      const before = { ring: ring.slice(), at, dead, row };
      const trip = outcomes.findIndex(step);
      ({ ring, at, dead, row } = before);
      return trip === -1 ? outcomes.length : trip + 1;
    },
    record: (outcomes) => outcomes.map(step).includes(true),
  };
}
