import type { InteractionType } from '../../schemas/generated/interaction-recorded.v1.ts';

/** An accepted interaction with an item. */
export interface RecentInteraction {
  readonly namespace: string;
  readonly userId: string;
  readonly itemId: string;
  readonly type: InteractionType;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

/** What a user did in the last minutes, for serving: read your writes, best effort. */
export interface RecentEvents {
  /**
   * Remembers them in the order given; items without a number leave nothing. Resolves when serving can see them,
   * and never rejects: while the store is away, or behind, events are left out and counted, and where it is slow
   * the wait ends after some milliseconds, the write going on.
   */
  append(interactions: readonly RecentInteraction[]): void | Promise<void>;
}
