import type { SessionItem } from '../../../schemas/generated/session-updated.v1.ts';
import { defaultIndexSettings, SessionIndex, type SessionIndexSettings } from '../../domain/session-index.ts';

/** Hears what the sessions of a namespace changed; called while the change is being made, so it only notes. */
export interface SessionListener {
  onItemChanged(namespace: string, itemId: string): void;
  /** A session's newest record, as it came. */
  onSession(namespace: string, items: readonly SessionItem[]): void;
}

/** The session index of each namespace of one state version. */
export class SessionIndexes {
  readonly #settings: SessionIndexSettings;
  readonly #indexes = new Map<string, SessionIndex>();
  readonly #listeners: SessionListener[] = [];

  constructor(settings: SessionIndexSettings = defaultIndexSettings) {
    this.#settings = settings;
  }

  listen(listener: SessionListener): void {
    this.#listeners.push(listener);
  }

  get sessionCount(): number {
    let count = 0;
    for (const index of this.#indexes.values()) count += index.sessionCount;
    return count;
  }

  namespaces(): string[] {
    return [...this.#indexes.keys()];
  }

  of(namespace: string): SessionIndex | undefined {
    return this.#indexes.get(namespace);
  }

  /** Null takes the session out. */
  apply(
    namespace: string,
    key: string,
    session: { readonly lastOccurredAt: number; readonly items: readonly SessionItem[] } | null,
  ): void {
    if (session === null) {
      this.#indexes.get(namespace)?.remove(key);
      return;
    }
    const index = this.#indexes.get(namespace) ?? this.#create(namespace);
    index.upsert(key, session);
    for (const listener of this.#listeners) listener.onSession(namespace, session.items);
  }

  #create(namespace: string): SessionIndex {
    const index = new SessionIndex(this.#settings, (itemId) => {
      for (const listener of this.#listeners) listener.onItemChanged(namespace, itemId);
    });
    this.#indexes.set(namespace, index);
    return index;
  }
}
