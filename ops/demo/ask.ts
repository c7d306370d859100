import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Click } from './click-log.ts';
import type { Door, EventResult, ListAnswer } from './door.ts';
import { interactionOf, namespace, type ReplayCounts, surface } from './replay.ts';

const sessionsSideBySide = 4;
const listLength = 20;
const pollEveryMs = 20;
const missAfterMs = 10_000;

/** One prediction: what was asked after a click, and where the next click stood. */
export interface Prediction {
  readonly sessionId: string;
  readonly after: readonly string[];
  readonly target: string;
  readonly list: ListAnswer;
  /** Position of the target counted from 1, 0 where it is not among the first 20. */
  readonly position: number;
  readonly popularPosition: number;
}

export interface AskResult {
  readonly predictions: Prediction[];
  /** POST sent to a list that reflects the click, milliseconds, one a click. */
  readonly freshnessMs: number[];
  /** Clicks no list reflected within 10 s. */
  readonly misses: number;
}

const positionOf = (list: readonly { item_id: string }[], target: string): number =>
  list.findIndex((item) => item.item_id === target) + 1;

/** Polls the user's list until it reflects the click; undefined after 10 s. */
async function listReflecting(door: Door, click: Click, startedAt: number): Promise<ListAnswer | undefined> {
  const path = `/v1/recommendations/${click.sessionId}?namespace=${namespace}&surface=${surface}&limit=${listLength}`;
  for (;;) {
    const list = await door.get<ListAnswer>(path);
    if (list.reflects?.event_id === click.eventId) return list;
    if (performance.now() - startedAt > missAfterMs) return undefined;
    await delay(pollEveryMs);
  }
}

/** What a visitor nobody knows is shown: the popularity baseline, without the item being looked at. */
async function popularPosition(door: Door, current: string, target: string): Promise<number> {
  const path = `/v1/recommendations/nobody?namespace=${namespace}&surface=${surface}&limit=${listLength + 1}`;
  const { items } = await door.get<ListAnswer>(path);
  return positionOf(items.filter((item) => item.item_id !== current).slice(0, listLength), target);
}

export interface AskOptions {
  readonly door: Door;
  readonly sessions: readonly (readonly Click[])[];
  readonly shiftMs: number;
  readonly counts: ReplayCounts;
  readonly onAsked: (result: AskResult) => void;
}

/**
 * Asks the test day through HTTP: after each click of a session the list is polled until it reflects that
 * click, then the session's next click is the target among its first 20 items. Sessions run side by side.
 */
export async function ask({ door, sessions, shiftMs, counts, onAsked }: AskOptions): Promise<AskResult> {
  const predictions: Prediction[] = [];
  const freshnessMs: number[] = [];
  let misses = 0;
  let next = 0;
  const askSession = async (session: readonly Click[]) => {
    for (const [index, click] of session.entries()) {
      const startedAt = performance.now();
      const answer = await door.post<{ results: EventResult[] }>('/v1/events:batch', {
        events: [interactionOf(click, shiftMs)],
      });
      const status = answer.results[0]?.status;
      counts.answered += 1;
      if (status === 'accepted') counts.accepted += 1;
      else if (status === 'duplicate') counts.duplicates += 1;
      else counts.rejected += 1;
      const list = await listReflecting(door, click, startedAt);
      if (list === undefined) misses += 1;
      else freshnessMs.push(performance.now() - startedAt);
      const target = session[index + 1]?.itemId;
      if (target !== undefined) {
        predictions.push({
          sessionId: click.sessionId,
          after: session.slice(0, index + 1).map((one) => one.itemId),
          target,
          list: list ?? { items: [], reflects: null, fallback_level: 'none' },
          position: list ? positionOf(list.items, target) : 0,
          popularPosition: await popularPosition(door, click.itemId, target),
        });
      }
      onAsked({ predictions, freshnessMs, misses });
    }
  };
  const worker = async () => {
    for (let session = sessions[next++]; session !== undefined; session = sessions[next++]) await askSession(session);
  };
  await Promise.all(Array.from({ length: sessionsSideBySide }, worker));
  return { predictions, freshnessMs, misses };
}

/** Share of targets within the list, and mean of 1 / position (0 where it is not). */
export function quality(positions: readonly number[]): { hrAt20: number; mrrAt20: number } {
  const count = Math.max(1, positions.length);
  const hits = positions.filter((position) => position > 0);
  const round = (value: number) => Math.round(value * 10_000) / 10_000;
  return {
    hrAt20: round(hits.length / count),
    mrrAt20: round(hits.reduce((sum, position) => sum + 1 / position, 0) / count),
  };
}
