import type { Clock } from '../../../kernel/clock.ts';
import type { Metrics } from '../../../kernel/metrics.ts';
import type { PullMark, PullMarks, PullRef } from '../../../stores/catalog-pull.ts';
import type { CatalogSource, PageAnswer } from '../../../stores/catalog-source.ts';
import type { StoredPage } from './store-page.ts';

export interface RoundDeps {
  readonly ref: PullRef;
  /** Whose lease it is. */
  readonly owner: string;
  /** Asked again that much before the latest change known, for changes that were committed late. */
  readonly overlapMs: number;
  readonly source: CatalogSource;
  readonly marks: PullMarks;
  readonly store: (items: readonly unknown[]) => Promise<StoredPage | { readonly waitFor: string }>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Pick<Metrics, 'catalogPullPages'>;
  /** Told of each page that was stored, and of what keeps the next one from it. */
  readonly onPage: (page: StoredPage) => void;
  readonly onWait: (why: string) => void;
}

/** `ended`: all there is was stored. `standby`: another process pulls. `stopped`: by the signal. */
export type RoundResult = 'ended' | 'standby' | 'stopped';

/** Longer than a page and the longest wait for one: a process that pulls keeps it, one that is gone loses it. */
export const leaseMs = 180_000;
const pageItems = 500;
/** More than was asked for, and as many as one request may bring. */
const mostItems = 1_000;
const firstWaitMs = 500;
const longestWaitMs = 60_000;
/** Where somebody has to look: the service is not asked more often than that. */
const refusedWaitMs = 30_000;

interface Wait {
  readonly why: string;
  readonly ms: number;
  /** The round begins again. */
  readonly isRestart?: true;
}

/**
 * Pages from where the mark says to the last one. The mark moves after a page is stored, so that whoever goes on, this
 * process or another, begins with the page that was not; what is stored twice changes nothing.
 */
export async function pullRound(deps: RoundDeps, signal: AbortSignal): Promise<RoundResult> {
  const { ref, owner, marks, clock, onWait } = deps;
  const attempt = { signal, failures: 0, restarts: 0 };
  while (!signal.aborted) {
    const mark = await marks.take(ref, owner, leaseMs);
    if (mark === undefined) return 'standby';
    const done = await pullPage(deps, mark, attempt);
    if (done === 'ended' || done === 'standby') return done;
    if (done === 'next') attempt.failures = 0;
    else if (done.isRestart) attempt.restarts += 1;
    else attempt.failures += 1;
    if (done === 'next' || signal.aborted) continue;
    onWait(done.why);
    await clock.sleep(done.ms, signal);
  }
  return 'stopped';
}

interface Attempt {
  readonly signal: AbortSignal;
  /** In a row, before this one. */
  readonly failures: number;
  /** How often this round began again: pages that are read anew in between end no row of those. */
  readonly restarts: number;
}

async function pullPage(
  deps: RoundDeps,
  mark: PullMark,
  attempt: Attempt,
): Promise<'next' | 'ended' | 'standby' | Wait> {
  const { ref, owner, marks, metrics, overlapMs } = deps;
  const { since, cursor } = mark;
  const updatedSince = since === null ? null : Math.max(0, since - overlapMs);
  const asked = { updatedSince, cursor, limit: pageItems, signal: attempt.signal };
  const page = checked(await deps.source.page(asked), cursor);
  if (page.kind !== 'page') {
    if (!attempt.signal.aborted) metrics.catalogPullPages.inc({ result: page.kind });
    if (page.kind !== 'gone') return waitAfter(page, attempt, deps.random);
    if (cursor === null) return { why: 'answered 410 where no cursor was sent', ms: refusedWaitMs };
    if (!(await marks.save(ref, owner, move({ ...mark, cursor: null }, false)))) return 'standby';
    const why = 'answered 410: it has forgotten its cursor, and the round begins again';
    return { why, ms: backoffMs(attempt.restarts, deps.random), isRestart: true };
  }
  const stored = await deps.store(page.items);
  if ('waitFor' in stored) return { why: stored.waitFor, ms: backoffMs(attempt.failures, deps.random) };
  metrics.catalogPullPages.inc({ result: 'stored' });
  deps.onPage(stored);
  const seen = latest(mark.seen, stored.changedAt);
  const isLast = page.nextCursor === null;
  const next = isLast
    ? { since: latest(since, seen), seen: null, cursor: null }
    : { since, seen, cursor: page.nextCursor };
  if (!(await marks.save(ref, owner, move(next, isLast)))) return 'standby';
  return isLast ? 'ended' : 'next';
}

const move = (mark: PullMark, roundEnded: boolean) => ({ mark, roundEnded, leaseMs });

const latest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/** A service that answers too much, or always the same page, would be pulled for ever. */
function checked(page: PageAnswer, cursor: string | null): PageAnswer {
  if (page.kind !== 'page') return page;
  if (page.items.length > mostItems) return { kind: 'refused', why: `a page has more than ${mostItems} items` };
  const isStuck = page.nextCursor !== null && page.nextCursor === cursor;
  return isStuck ? { kind: 'refused', why: 'next_cursor is the cursor that was sent' } : page;
}

function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures, 20));
  return Math.ceil(ceiling / 2 + (random() * ceiling) / 2);
}

/** What the service asks for, jittered upwards, and no longer than the longest wait: it is asked, not obeyed for days. */
function waitAfter(
  page: Extract<PageAnswer, { kind: 'away' | 'refused' }>,
  { failures }: Attempt,
  random: () => number,
): Wait {
  const { why } = page;
  if (page.kind === 'refused') return { why, ms: refusedWaitMs };
  const { retryAfterMs } = page;
  if (retryAfterMs === undefined) return { why, ms: backoffMs(failures, random) };
  return { why, ms: Math.ceil(Math.min(longestWaitMs, retryAfterMs) * (1 + random() / 4)) };
}
