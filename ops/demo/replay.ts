import type { Click } from './click-log.ts';
import type { Door, EventResult } from './door.ts';

export const namespace = 'demo';
export const surface = 'next-item';
const batchSize = 100;
const requestsInFlight = 4;

/** The click as an interaction of the HTTP door: user and session are the session of the log. */
export function interactionOf(click: Click, shiftMs: number): Record<string, unknown> {
  return {
    event_id: click.eventId,
    namespace,
    user_id: click.sessionId,
    anonymous: true,
    session_id: click.sessionId,
    item_id: click.itemId,
    type: 'click',
    occurred_at: click.occurredAt + shiftMs,
    context: { surface },
  };
}

/** Answers other than `accepted`. */
export interface ReplayCounts {
  duplicates: number;
  rejected: number;
}

export function countResult(counts: ReplayCounts, status: EventResult['status']): void {
  if (status === 'duplicate') counts.duplicates += 1;
  else if (status === 'rejected') counts.rejected += 1;
}

export interface ReplayOptions {
  readonly door: Door;
  readonly clicks: readonly Click[];
  readonly shiftMs: number;
  /** Clicks already answered in an earlier run. */
  readonly from: number;
  readonly counts: ReplayCounts;
  /** Called as the prefix without gaps grows. */
  readonly onAnswered: (answered: number) => void;
}

/** Sends the clicks in batches, a few requests side by side; every click is answered when it resolves. */
export async function replay(options: ReplayOptions): Promise<void> {
  const { door, clicks, shiftMs, counts } = options;
  let next = options.from;
  let prefix = options.from;
  const finished = new Map<number, number>();
  const worker = async () => {
    while (next < clicks.length) {
      const start = next;
      const batch = clicks.slice(start, start + batchSize);
      next += batch.length;
      const answer = await door.post<{ results: EventResult[] }>('/v1/events:batch', {
        events: batch.map((click) => interactionOf(click, shiftMs)),
      });
      for (const { status } of answer.results) countResult(counts, status);
      finished.set(start, start + batch.length);
      for (let end = finished.get(prefix); end !== undefined; end = finished.get(prefix)) {
        finished.delete(prefix);
        prefix = end;
      }
      options.onAnswered(prefix);
    }
  };
  await Promise.all(Array.from({ length: requestsInFlight }, worker));
}
