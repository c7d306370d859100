/** How an event is of interest. */
export type EventType = 'view' | 'click' | 'add' | 'purchase' | 'custom' | 'watch' | 'like' | 'rating' | 'dismiss';

/**
 * One interaction, with the fields that HTTP takes. `event_id`, `namespace`, `user_id`, `occurred_at` and `trace` are
 * checked when it is appended, everything else by the consumer of the topic.
 */
export interface OutboxEvent {
  /** 1–64 letters, digits and . _ : -; the same when the event is sent again. */
  readonly event_id: string;
  /** `default` where it is left out. */
  readonly namespace?: string;
  readonly user_id: string;
  readonly anonymous?: boolean;
  readonly session_id?: string;
  /** The request whose list the user acted on. */
  readonly request_id?: string;
  /** Required but for `custom`. */
  readonly item_id?: string;
  readonly type: EventType;
  /** Quantity (add, purchase), stars (rating), seconds watched (watch). */
  readonly value?: number;
  /** ISO-8601 with a zone, seconds below 1e11, milliseconds from there on; the time of the append where left out. */
  readonly occurred_at?: string | number | Date;
  readonly consent?: 'full' | 'functional' | 'none';
  readonly context?: {
    readonly surface?: string;
    readonly widget?: string;
    readonly rank?: number;
    readonly recommended?: boolean;
    readonly referrer?: string;
    readonly href?: string;
    readonly text?: string;
    readonly experiment?: string;
    readonly ab_bucket?: string;
    readonly kind?: string;
  };
  /** Of one line; prices are decimal strings, currencies ISO 4217. */
  readonly commerce?: {
    readonly cart_id?: string;
    readonly order_id?: string;
    readonly unit_price?: string;
    readonly currency?: string;
  };
  /** Only for `custom` with `context.kind` `order`. */
  readonly order?: {
    readonly order_id: string;
    readonly total: string;
    readonly currency: string;
    readonly items: readonly { readonly item_id: string; readonly quantity: number; readonly unit_price: string }[];
  };
  readonly watch?: { readonly duration_ms?: number; readonly completion?: number };
  readonly properties?: Readonly<Record<string, string>>;
  /** W3C traceparent. */
  readonly trace?: string;
}
