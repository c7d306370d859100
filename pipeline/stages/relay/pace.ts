/** Poll soon after something was found, seldom when idle; signals cut the wait short. */
const busyMs = 4;
/** Committers signal every 25 ms only while they are busy: so long, nothing found does not mean idle. */
const busyRounds = 8;
const idleMs = 500;

export interface Pace {
  /** How long to wait after a round that found so many rows. */
  next(rows: number): number;
}

export function createPace(): Pace {
  let waitMs = idleMs;
  let emptyRounds = busyRounds;
  return {
    next(rows) {
      emptyRounds = rows > 0 ? 0 : emptyRounds + 1;
      waitMs = emptyRounds < busyRounds ? busyMs : Math.min(idleMs, waitMs * 2);
      return waitMs;
    },
  };
}
