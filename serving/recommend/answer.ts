import { type SourceName, sourceBit, sourceNames } from '../../pipeline/domain/packed-list.ts';
import type { NamespaceItems } from '../catalog-view.ts';
import type { Cursors } from './cursor.ts';
import type { FallbackLevel } from './fallback-level.ts';
import type { Candidate, HydratedQuery, Ranked, Slate } from './query.ts';

/**
 * Why an item is there. `session` and `similar` name in `because` the item it follows from: by sessions
 * like the user's, or as a neighbour of that item; `pinned` names the rule.
 */
export interface Reason {
  readonly code: 'session' | 'similar' | 'popular' | 'affinity' | 'history' | 'fresh' | 'pinned';
  readonly because?: string;
  readonly rule?: string;
}

export interface AnswerItem {
  readonly item_id: string;
  /** Falls along the list; comparable within one answer only. */
  readonly score: number;
  /** Counted from 1, over all pages. */
  readonly position: number;
  readonly sources: readonly SourceName[];
  readonly reasons: readonly Reason[];
}

/** A list as clients get it; instants are milliseconds since the epoch, as in the answers of ingest. */
export interface Answer {
  readonly request_id: string;
  readonly items: readonly AnswerItem[];
  /** For the next page of this list; null where nothing is left. */
  readonly next_cursor: string | null;
  readonly generated_at: number;
  /** Age of the interaction named by `reflects`, milliseconds; null where there is none. */
  readonly freshness_ms: number | null;
  readonly reflects: { readonly event_id: string; readonly received_at: number; readonly occurred_at: number } | null;
  readonly fallback_level: FallbackLevel;
  readonly config_version: number;
  readonly state_version: number;
  readonly explain?: Explanation;
}

/** Only with `explain=true`: what is not in the list and why, and what the answer cost. */
export interface Explanation {
  readonly removed: readonly { item_id: string | null; level: FallbackLevel; filter: string; rule?: string }[];
  /** Rung of each item, in order. */
  readonly levels: readonly FallbackLevel[];
  /** Ids of the rules in force on this surface, and what they did to the items of the list. */
  readonly rules: {
    readonly in_force: readonly string[];
    readonly applied: readonly { rule: string; action: 'pin' | 'boost'; item_id: string | null; position: number }[];
  };
  readonly redis_waits: number;
  readonly degraded: boolean;
}

const followed = sourceBit('session-knn');
const alone = (['popular', 'affinity', 'history', 'fresh'] as const).map((code) => ({ code, bit: sourceBit(code) }));
const namesByBits = new Map<number, readonly SourceName[]>();

export function answerOf(slate: Slate, cursors: Pick<Cursors, 'next'>): Answer {
  const { query, reflects } = slate;
  return {
    request_id: query.page?.requestId ?? query.requestId,
    items: answerItems(slate.items, query.items, query.page?.offset),
    next_cursor: (query.trial === undefined ? cursors.next(slate) : undefined) ?? null,
    generated_at: query.askedAt,
    freshness_ms: reflects ? Math.max(0, query.askedAt - reflects.occurredAt) : null,
    reflects: reflects
      ? {
          event_id: reflects.eventId,
          received_at: reflects.receivedAt,
          occurred_at: reflects.occurredAt,
        }
      : null,
    fallback_level: slate.level,
    config_version: query.configVersion,
    state_version: query.user.version,
    ...(query.explain ? { explain: explain(slate) } : {}),
  };
}

/** Candidates in their order; one without a known item has no place in an answer and is left out. */
export function answerItems(
  candidates: readonly (Candidate | Ranked)[],
  items: NamespaceItems,
  offset = 0,
): AnswerItem[] {
  const answer: AnswerItem[] = [];
  for (const candidate of candidates) {
    const itemId = items.idOf(candidate.item);
    if (itemId === undefined) continue;
    answer.push({
      item_id: itemId,
      score: Math.round(candidate.score * 1e6) / 1e6,
      position: offset + answer.length + 1,
      sources: sourcesOf(candidate.sources),
      reasons: reasonsOf(candidate, items),
    });
  }
  return answer;
}

/** At most 2^7 arrays, made once each. */
function sourcesOf(bits: number): readonly SourceName[] {
  let names = namesByBits.get(bits);
  if (names === undefined) {
    names = sourceNames.filter((name) => (bits & sourceBit(name)) !== 0);
    namesByBits.set(bits, names);
  }
  return names;
}

function reasonsOf(candidate: Candidate | Ranked, items: NamespaceItems): Reason[] {
  const { sources, because } = candidate;
  const reasons: Reason[] = [];
  if ('rule' in candidate && candidate.rule !== undefined) reasons.push({ code: 'pinned', rule: candidate.rule });
  const cause = because === 0 ? undefined : items.idOf(because);
  if (cause !== undefined) reasons.push({ code: (sources & followed) !== 0 ? 'session' : 'similar', because: cause });
  for (const { code, bit } of alone) if ((sources & bit) !== 0) reasons.push({ code });
  return reasons;
}

function explain({ query, items, removed }: Slate): Explanation {
  return {
    removed: removed.map(({ item, level, filter }) => {
      const rule = filter === 'blocked' ? query.rules.blockedBy(item) : undefined;
      return { item_id: query.items.idOf(item) ?? null, level, filter, ...(rule === undefined ? {} : { rule }) };
    }),
    levels: items.map((item) => item.level),
    rules: { in_force: query.rules.ids, applied: appliedRules(query, items) },
    redis_waits: query.rounds.waits,
    degraded: query.rounds.degraded,
  };
}

function appliedRules(
  { page, items, rules }: HydratedQuery,
  shown: readonly Ranked[],
): Explanation['rules']['applied'] {
  return shown.flatMap(({ item, rule }, index) => {
    const at = { item_id: items.idOf(item) ?? null, position: (page?.offset ?? 0) + index + 1 };
    const pin = rule === undefined ? [] : [{ rule, action: 'pin' as const, ...at }];
    return [...pin, ...rules.boostsOf(item).map((id) => ({ rule: id, action: 'boost' as const, ...at }))];
  });
}
