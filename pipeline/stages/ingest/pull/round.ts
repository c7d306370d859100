import type { Clock } from '../../../kernel/clock.ts';
import type { Metrics } from '../../../kernel/metrics.ts';
import type { PullLease, PullMark, PullMarks, PullRef } from '../../../stores/catalog-pull.ts';
import type { CatalogSource, PageAnswer } from '../../../stores/catalog-source.ts';
import { RoundPath } from './round-path.ts';
import type { StoredPage } from './store-page.ts';
import { backoffMs, refusedWaitMs, waitAfterMs } from './waits.ts';

export interface RoundDeps {
  readonly ref: PullRef;
  /** Whose lease it is. */
  readonly owner: string;
  /** Between the end of a round, whoever's it was, and the next one. */
  readonly everyMs: number;
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

/** `ended`: all there is was stored. `standby`: another process pulls. `stopped`: by the signal. `restMs`: it is not time yet. */
export type RoundResult = 'ended' | 'standby' | 'stopped' | { readonly restMs: number };

/** Longer than a page and the longest wait for one: a process that pulls keeps it, one that is gone loses it. */
export const leaseMs = 180_000;
const pageItems = 500;
/** More than was asked for, and as many as one request may bring. */
const mostItems = 1_000;

/** What came of asking for a page, and how long to wait then; `why` where that keeps the round from going on. */
interface Step {
  readonly kind: 'next' | 'restart' | 'failed';
  readonly ms: number;
  readonly why?: string;
}

/**
 * Pages from where the mark says to the last one. The mark moves after a page is stored, so that whoever goes on, this
 * process or another, begins with the page that was not; what is stored twice changes nothing.
 */
export async function pullRound(deps: RoundDeps, signal: AbortSignal): Promise<RoundResult> {
  const { ref, owner, marks, clock, onWait } = deps;
  let attempt: Attempt = { signal, path: new RoundPath(), failures: 0, restarts: 0 };
  while (!signal.aborted) {
    const lease = await marks.take(ref, owner, leaseMs);
    if (lease === undefined) return 'standby';
    const restMs = restOf(lease, deps.everyMs);
    if (restMs > 0) return { restMs };
    const step = await pullPage(deps, lease.mark, attempt);
    if (step === 'ended' || step === 'standby') return step;
    attempt = after(attempt, step);
    if (signal.aborted) break;
    if (step.why !== undefined) onWait(step.why);
    if (step.ms > 0) await clock.sleep(step.ms, signal);
  }
  return 'stopped';
}

/** A lease that lapsed between two rounds, or a restart, brings the next one no sooner. A round under way is gone on with. */
function restOf({ mark, endedMsAgo }: PullLease, everyMs: number): number {
  return mark.cursor !== null || endedMsAgo === null ? 0 : Math.min(everyMs, everyMs - endedMsAgo);
}

interface Attempt {
  readonly signal: AbortSignal;
  readonly path: RoundPath;
  /** In a row, before this one. */
  readonly failures: number;
  /** How often this round began again: pages that are read anew in between end no row of those. */
  readonly restarts: number;
}

function after(attempt: Attempt, { kind }: Step): Attempt {
  if (kind === 'next') return { ...attempt, failures: 0 };
  if (kind === 'failed') return { ...attempt, failures: attempt.failures + 1 };
  return { ...attempt, path: new RoundPath(), restarts: attempt.restarts + 1 };
}

async function pullPage(deps: RoundDeps, mark: PullMark, attempt: Attempt): Promise<'ended' | 'standby' | Step> {
  const { ref, owner, marks, metrics, overlapMs, random } = deps;
  const { since, cursor } = mark;
  const startedAt = cursor === null ? deps.clock.now() : mark.startedAt;
  const updatedSince = since === null ? null : Math.max(0, since - overlapMs);
  const asked = { updatedSince, cursor, limit: pageItems, signal: attempt.signal };
  const page = checked(await deps.source.page(asked), cursor, attempt.path);
  if (page.kind !== 'page') {
    if (!attempt.signal.aborted) metrics.catalogPullPages.inc({ result: page.kind });
    if (page.kind === 'gone') return beginAgain(deps, mark, attempt);
    return { kind: 'failed', why: page.why, ms: waitAfterMs(page, attempt.failures, random) };
  }
  const stored = await deps.store(page.items);
  if ('waitFor' in stored) return { kind: 'failed', why: stored.waitFor, ms: backoffMs(attempt.failures, random) };
  metrics.catalogPullPages.inc({ result: 'stored' });
  deps.onPage(stored);
  const seen = latest(mark.seen, stored.changedAt);
  const isLast = page.nextCursor === null;
  const next = isLast
    ? { since: latest(since, earliest(seen, startedAt)), seen: null, cursor: null, startedAt: null }
    : { since, seen, cursor: page.nextCursor, startedAt };
  if (!(await marks.save(ref, owner, move(next, isLast)))) return 'standby';
  if (isLast) return 'ended';
  attempt.path.follow(page);
  return { kind: 'next', ms: page.items.length === 0 ? backoffMs(0, random) : 0 };
}

async function beginAgain(deps: RoundDeps, mark: PullMark, { restarts }: Attempt): Promise<'standby' | Step> {
  const { ref, owner, marks, random } = deps;
  if (mark.cursor === null) return { kind: 'failed', why: 'answered 410 where no cursor was sent', ms: refusedWaitMs };
  if (!(await marks.save(ref, owner, move({ ...mark, cursor: null, startedAt: null }, false)))) return 'standby';
  const why = 'answered 410: it has forgotten its cursor, and the round begins again';
  return { kind: 'restart', why, ms: backoffMs(restarts, random) };
}

const move = (mark: PullMark, roundEnded: boolean) => ({ mark, roundEnded, leaseMs });

const latest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/** What is changed during a round may stand on a page already read: it is asked for again. Null where either is not known. */
const earliest = (seen: number | null, startedAt: number | null): number | null =>
  seen === null || startedAt === null ? null : Math.min(seen, startedAt);

/** A service that answers too much, or has no last page, is not followed. */
function checked(page: PageAnswer, cursor: string | null, path: RoundPath): PageAnswer {
  if (page.kind !== 'page') return page;
  const isLong = page.items.length > mostItems;
  const why = isLong ? `a page has more than ${mostItems} items` : path.fault(page, cursor);
  return why === undefined ? page : { kind: 'refused', why };
}
