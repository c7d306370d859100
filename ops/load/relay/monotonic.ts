/** Milliseconds of a clock that all processes of the machine share and nobody sets. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A wall clock time of this machine, as the broker gives, on the clock above. */
export const monotonicOf = (wallMs: number): number =>
  wallMs - (performance.timeOrigin + performance.now()) + monotonicMs();
