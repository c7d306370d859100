/** Poll soon after something was found, seldom when idle; signals cut the wait short. */
const busyMs = 5;
const idleMs = 500;

export interface Pace {
  /** How long to wait after a round that found so many rows. */
  next(rows: number): number;
}

export function createPace(): Pace {
  let waitMs = idleMs;
  return {
    next(rows) {
      waitMs = rows > 0 ? busyMs : Math.min(idleMs, waitMs * 2);
      return waitMs;
    },
  };
}
