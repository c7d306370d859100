import type { PageAnswer } from '../../../stores/catalog-source.ts';

const firstWaitMs = 500;
const longestWaitMs = 60_000;
/** Where somebody has to look: the service is not asked more often than that. */
export const refusedWaitMs = 30_000;

/** Doubles with each failure before this one, up to a minute; half of it by chance. */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures, 20));
  return Math.ceil(ceiling / 2 + (random() * ceiling) / 2);
}

/** What the service asks for, jittered upwards, and no longer than the longest wait: it is asked, not obeyed for days. */
export function waitAfterMs(
  page: Extract<PageAnswer, { kind: 'away' | 'refused' }>,
  failures: number,
  random: () => number,
): number {
  if (page.kind === 'refused') return refusedWaitMs;
  const { retryAfterMs } = page;
  if (retryAfterMs === undefined) return backoffMs(failures, random);
  return Math.ceil(Math.min(longestWaitMs, retryAfterMs) * (1 + random() / 4));
}
