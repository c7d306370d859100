import type { Random } from '../../chaos/random.ts';

/** Draws ranks 0 … count - 1, the rank r with weight 1 / (r + 1)^exponent. */
export function zipf(count: number, exponent: number): (random: Random) => number {
  const sums = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank += 1) {
    total += (rank + 1) ** -exponent;
    sums[rank] = total;
  }
  return (random) => {
    const wanted = random.next() * total;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Share of sessions of 2, 3, 4 … events in the demo's click log (ops/demo/data/serenade-toy): 4.8 in the mean. */
const lengths = [0.335, 0.214, 0.118, 0.086, 0.056, 0.043, 0.031, 0.023, 0.017, 0.014, 0.011, 0.0084, 0.0068];

/** Events of a session as in the click log; the tail beyond its table is cut at 60. */
export function sessionLength(random: Random): number {
  let left = random.next();
  for (const [at, share] of lengths.entries()) {
    left -= share;
    if (left < 0) return at + 2;
  }
  return Math.min(60, lengths.length + 2 + Math.floor(-Math.log(1 - random.next()) * 8));
}

/** Milliseconds from an event of a session to the next: log-normal with the log's median of 50 s and 398 s at p90. */
export function pauseMs(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.min(1_500_000, Math.max(1_000, Math.round(50_000 * Math.exp(1.62 * normal))));
}
