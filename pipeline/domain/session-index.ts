import type { SessionItem } from '../../schemas/generated/session-updated.v1.ts';
import { Interner } from './interner.ts';
import { Postings } from './postings.ts';
import { SessionKnn, windowLimit } from './session-knn.ts';
import { defaultScoring, type SessionScoring } from './session-scoring.ts';
import { SessionSlots } from './session-slots.ts';

export interface SessionIndexSettings {
  /** Newest sessions that compete, in an item's list and in all (m). */
  readonly recentSessions: number;
  /** Sessions that give their items (k). */
  readonly neighbours: number;
  /** Latest interactions of the asking session that count, at most 30 (n). */
  readonly lastItems: number;
  readonly scoring: SessionScoring;
  /** Sessions with more distinct items are left out. */
  readonly maxSessionItems: number;
  /** Sessions whose last event is this much older than the newest seen are dropped, to the hour. */
  readonly retentionMs: number;
}

/**
 * Chosen on the `valid` day of Serenade toy, where 500 and 1,000 recent sessions give the same; a query for nine of
 * the hottest of 20,000 items over 200,000 sessions takes half as long. 15 distinct items are the 99.5 percentile, and what
 * the published configuration leaves out.
 */
export const defaultIndexSettings: SessionIndexSettings = {
  recentSessions: 500,
  neighbours: 100,
  lastItems: 9,
  scoring: defaultScoring,
  maxSessionItems: 15,
  retentionMs: 30 * 86_400_000,
};

export interface IndexedSession {
  readonly lastOccurredAt: number;
  readonly items: readonly SessionItem[];
}

type QuerySettings = Pick<SessionIndexSettings, 'recentSessions' | 'neighbours' | 'lastItems' | 'scoring'>;

export interface IndexQuery extends Partial<QuerySettings> {
  /** Items of the asking session, oldest first, with repeats. */
  readonly items: readonly string[];
  readonly limit: number;
  readonly excludeItem?: string | undefined;
  /** Key of the asking session: a session is never its own neighbour. */
  readonly excludeSession?: string | undefined;
}

export interface IndexAnswer {
  readonly itemId: string;
  readonly score: number;
  /** The asking session's item that gave most of the score. */
  readonly because: string;
}

/** Live session index of one namespace: sessions come, change and go, queries see the state of the moment. */
export class SessionIndex {
  readonly #settings: SessionIndexSettings;
  readonly #onItemChanged: (itemId: string) => void;
  readonly #items = new Interner();
  readonly #slots = new SessionSlots();
  readonly #postings: Postings;
  readonly #knn: SessionKnn;
  #newestAt = Number.NEGATIVE_INFINITY;
  #expiredHour = Number.NEGATIVE_INFINITY;

  /** `onItemChanged` hears of every item whose sessions changed, expiry aside. */
  constructor(
    settings: SessionIndexSettings = defaultIndexSettings,
    onItemChanged: (itemId: string) => void = () => {},
  ) {
    this.#settings = settings;
    this.#onItemChanged = onItemChanged;
    // Twice as many as a query reads: after removals a list still has enough.
    this.#postings = new Postings(this.#slots, 2 * settings.recentSessions);
    this.#knn = new SessionKnn(this.#slots, this.#postings);
  }

  get sessionCount(): number {
    return this.#slots.size;
  }

  itemIds(): IterableIterator<string> {
    return this.#items.texts();
  }

  /** Replaces what the key had. */
  upsert(key: string, session: IndexedSession): void {
    this.remove(key);
    this.#advance(session.lastOccurredAt);
    const distinct = new Set<string>();
    for (const item of session.items) if (item.type !== 'dismiss') distinct.add(item.itemId);
    if (distinct.size === 0 || distinct.size > this.#settings.maxSessionItems) return;
    if (session.lastOccurredAt <= this.#newestAt - this.#settings.retentionMs) return;
    const items = Uint32Array.from(distinct, (itemId) => this.#items.intern(itemId));
    const slot = this.#slots.add(key, items, session.lastOccurredAt);
    for (const item of items) this.#postings.add(item, slot);
    for (const itemId of distinct) this.#onItemChanged(itemId);
  }

  remove(key: string): void {
    const slot = this.#slots.find(key);
    if (slot === undefined) return;
    for (const item of this.#slots.items(slot)) this.#onItemChanged(this.#items.text(item));
    this.#drop(slot);
  }

  /** Best first; a pure function of the index's content. */
  query(query: IndexQuery): IndexAnswer[] {
    const { recentSessions, neighbours, lastItems, scoring } = { ...this.#settings, ...query };
    const window = query.items.slice(-Math.min(lastItems, windowLimit));
    const results = this.#knn.find(
      {
        window: window.map((itemId) => this.#items.find(itemId) ?? -1),
        recentSessions,
        neighbours,
        limit: query.limit,
        excludeItem: query.excludeItem === undefined ? undefined : this.#items.find(query.excludeItem),
        excludeSlot: query.excludeSession === undefined ? undefined : this.#slots.find(query.excludeSession),
        scoring,
        newestAt: this.#newestAt,
      },
      this.#items.capacity,
    );
    return results.map(({ item, score, because }) => ({
      itemId: this.#items.text(item),
      score,
      because: this.#items.text(because),
    }));
  }

  #drop(slot: number): void {
    for (const item of this.#slots.items(slot)) {
      this.#postings.remove(item, slot);
      if (this.#postings.count(item) === 0) this.#items.release(item);
    }
    this.#slots.remove(slot);
  }

  #advance(lastOccurredAt: number): void {
    if (lastOccurredAt <= this.#newestAt) return;
    this.#newestAt = lastOccurredAt;
    const cutoff = lastOccurredAt - this.#settings.retentionMs;
    const hour = Math.floor(cutoff / 3_600_000);
    if (hour === this.#expiredHour) return;
    this.#expiredHour = hour;
    for (const slot of this.#slots.endedBefore(cutoff)) this.#drop(slot);
  }
}
