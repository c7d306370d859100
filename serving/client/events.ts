import type { Impression, Interaction, List } from './generated/api.ts';
import type { Tracked } from './options.ts';
import type { ShownItems } from './shown.ts';

/** An interaction; what it leaves out is filled in: `event_id`, `occurred_at`, `namespace`, `session_id`, `request_id`. */
export type TrackedEvent = Interaction;

/** A slate that a user saw: a list as it was answered, or the items that were shown of it. */
export type Slate = Omit<Impression, 'items'> &
  (
    | { readonly list: List; readonly items?: Impression['items'] }
    | { readonly list?: undefined; readonly items: Impression['items'] }
  );

export interface Fillings {
  readonly eventId: string;
  /** Milliseconds since the epoch: when it happened, not when it is sent. */
  readonly now: number;
  readonly namespace: string | undefined;
  readonly sessionId: string | undefined;
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Members that are null or undefined count as left out. */
export const given = <T extends object>(value: T): Given<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null)) as Given<T>;

const filled = ({ now, namespace, sessionId }: Fillings) =>
  given({ occurred_at: now, namespace, session_id: sessionId });

/** The same, as of another time; null leaves the time to the server. */
export const asOf = ({ kind, event }: Tracked, occurredAt: number | null): Tracked =>
  ({ kind, event: { ...event, occurred_at: occurredAt } }) as Tracked;

/** A click on an item of a list says that it was recommended, and where it stood. */
export function eventOf(event: TrackedEvent, shown: ShownItems, fillings: Fillings): Tracked {
  const { event_id: id, source_event_id: alias, ...own } = given(event);
  const viewer = { userId: own.user_id, namespace: own.namespace ?? fillings.namespace };
  const place = own.item_id == null ? undefined : shown.find(viewer, own.item_id);
  const ofList = place === undefined ? {} : { request_id: place.requestId };
  const whole = { ...filled(fillings), ...ofList, ...own, event_id: id ?? alias ?? fillings.eventId };
  const isClick = own.type === 'click' || own.type === 1;
  if (!isClick || place === undefined || whole.request_id !== place.requestId) return { kind: 'event', event: whole };
  const context = { recommended: true, rank: place.position, ...given(event.context ?? {}) };
  return { kind: 'event', event: { ...whole, context } };
}

export function impressionOf({ list, items, ...slate }: Slate, fillings: Fillings): Tracked {
  const { event_id: id, source_event_id: alias, ...own } = given(slate);
  const shown = items ?? list?.items.map(({ item_id, position, sources }) => ({ item_id, position, sources })) ?? [];
  const ofList = list === undefined ? {} : { request_id: list.request_id, state_version: list.state_version };
  const event = { ...filled(fillings), ...ofList, ...own, items: shown, event_id: id ?? alias ?? fillings.eventId };
  return { kind: 'impression', event };
}
