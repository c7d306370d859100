import type { FallbackLevel } from './fallback-level.ts';

import type { Scorer } from './roles.ts';

/**
 * The first rung keeps its scores; every later one is scaled into what is left below the items before
 * it, so that scores fall along the slate whatever scale a rung's writer uses. Comparable within one
 * answer only.
 */
export const fallBelow: Scorer = (items) => {
  let level: FallbackLevel | undefined;
  let scale = 1;
  let floor = Number.POSITIVE_INFINITY;
  return items.map((item) => {
    if (item.level !== level) {
      const ceiling = level === undefined ? item.score : floor;
      scale = item.score > 0 && ceiling > 0 ? Math.min(1, ceiling / item.score) : 0;
      level = item.level;
    }
    floor = Math.min(floor, Math.max(0, item.score * scale));
    return { ...item, score: floor };
  });
};
