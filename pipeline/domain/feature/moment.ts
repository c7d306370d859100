/** A place in a user's event time; the event id makes the order total. Event ids are ASCII. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly eventId: string;
}

/** Negative where `a` comes first. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0);
}
