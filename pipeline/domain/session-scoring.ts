/** How similar sessions become scores. */
export interface SessionScoring {
  /** Weight of an interaction, by its position from the end: `linear`, or this factor a position. */
  readonly positionDecay: 'linear' | number;
  /** A neighbour that is this much older counts half; infinite for never. */
  readonly halfLifeMs: number;
  /** Neighbours count 1 / (distinct items ^ exponent): long sessions share items by chance. */
  readonly lengthExponent: number;
  /** Exponent of an item's inverse session frequency. */
  readonly rarityExponent: number;
}

/** As published: Kersbergen et al., SIGMOD 2022, doi 10.1145/3514221.3517901. */
export const publishedScoring: SessionScoring = {
  positionDecay: 'linear',
  halfLifeMs: Number.POSITIVE_INFINITY,
  lengthExponent: 0,
  rarityExponent: 1,
};

/**
 * Chosen on the `valid` day of Serenade toy, where m 500, k 100, last 9 give MRR@20 0.317 with the published
 * scoring and 0.332 with this one; each of the four adds 0.002 to 0.007, and their neighbours on the grid
 * differ by less than 0.002. On `test`, which chose nothing: 0.339 and 0.354 (931
 * predictions of one day, so trust the direction more than the third decimal).
 */
export const defaultScoring: SessionScoring = {
  positionDecay: 0.8,
  halfLifeMs: 20 * 86_400_000,
  lengthExponent: 0.25,
  rarityExponent: 1.5,
};

/**
 * Weight of each position of the window, counted from its end: that of the latest occurrence of an item, 0 for
 * earlier ones and for unknown items (-1).
 */
export function positionWeights(window: readonly number[], decay: SessionScoring['positionDecay']): Float64Array {
  const weights = new Float64Array(window.length);
  const distinct = new Set(window).size;
  const seen = new Set([-1]);
  for (let position = 0; position < window.length; position += 1) {
    const item = window[window.length - 1 - position] as number;
    if (seen.has(item)) continue;
    seen.add(item);
    weights[position] = decay === 'linear' ? (window.length - position) / distinct : decay ** position;
  }
  return weights;
}

/** Falls by a tenth with each position of the latest shared item from the end of the window, counted from 1. */
export function matchWeight(position: number): number {
  return Math.max(0, 1 - 0.1 * position);
}
