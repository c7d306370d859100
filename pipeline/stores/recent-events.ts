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
   * Remembers them in the order given; items without a number leave nothing. Never waits and never throws:
   * while the store is away, or behind, events are left out and counted.
   */
  append(interactions: readonly RecentInteraction[]): void;
}
