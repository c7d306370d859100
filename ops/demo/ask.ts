import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Click } from './click-log.ts';
import type { Door, EventResult, ListAnswer } from './door.ts';
import { countResult, interactionOf, namespace, type ReplayCounts, surface } from './replay.ts';

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
  /** Clicks that a run before a crash had sent already: too late to ask what comes next. */
  readonly askedBefore: number;
}

const positionOf = (list: readonly { item_id: string }[], target: string): number =>
  list.findIndex((item) => item.item_id === target) + 1;

/** Polls the user's list until it reflects the click, or one of `later`; undefined after 10 s. */
async function listReflecting(door: Door, click: Click, later: ReadonlySet<string>): Promise<ListAnswer | undefined> {
  const startedAt = performance.now();
  const path = `/v1/recommendations/${click.sessionId}?namespace=${namespace}&surface=${surface}&limit=${listLength}`;
  for (;;) {
    const list = await door.get<ListAnswer>(path);
    const reflected = list.reflects?.event_id;
    if (reflected === click.eventId || (reflected !== undefined && later.has(reflected))) return list;
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
  const result = { predictions: [] as Prediction[], freshnessMs: [] as number[], misses: 0, askedBefore: 0 };
  let next = 0;
  const askAfter = async (session: readonly Click[], index: number) => {
    const click = session[index] as Click;
    const startedAt = performance.now();
    const status = await send(door, click, { shiftMs, counts });
    const list = await listReflecting(door, click, new Set(session.slice(index + 1).map(({ eventId }) => eventId)));
    if (list !== undefined && list.reflects?.event_id !== click.eventId) {
      result.askedBefore += 1;
      return;
    }
    if (list === undefined) result.misses += 1;
    else if (status === 'accepted') result.freshnessMs.push(performance.now() - startedAt);
    const target = session[index + 1]?.itemId;
    if (target === undefined) return;
    result.predictions.push({
      sessionId: click.sessionId,
      after: session.slice(0, index + 1).map(({ itemId }) => itemId),
      target,
      list: list ?? { items: [], reflects: null, fallback_level: 'none' },
      position: list ? positionOf(list.items, target) : 0,
      popularPosition: await popularPosition(door, click.itemId, target),
    });
  };
  const worker = async () => {
    for (let session = sessions[next++]; session !== undefined; session = sessions[next++]) {
      for (const index of session.keys()) {
        await askAfter(session, index);
        onAsked(result);
      }
    }
  };
  await Promise.all(Array.from({ length: sessionsSideBySide }, worker));
  return result;
}

interface SendContext {
  readonly shiftMs: number;
  readonly counts: ReplayCounts;
}

async function send(door: Door, click: Click, { shiftMs, counts }: SendContext): Promise<EventResult['status']> {
  const { results } = await door.post<{ results: EventResult[] }>('/v1/events:batch', {
    events: [interactionOf(click, shiftMs)],
  });
  const status = results[0]?.status ?? 'rejected';
  countResult(counts, status);
  return status;
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
