import { interactionTypes } from '../../../pipeline/domain/interaction-type.ts';
import { segmentOf } from '../../../pipeline/domain/segment.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';

/** Namespace of what the bench writes. */
export const benchNamespace = 'default';

/** One event in short; the record is made from it when it is needed. */
export interface ShortEvent {
  readonly user: number;
  readonly item: number;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly receivedAt: number;
  /** Index in `interactionTypes`. */
  readonly type: number;
  /** 0 full, 1 functional, 2 none. */
  readonly consent: number;
  /** A view in a slider: exposure, not interest. */
  readonly isShown: boolean;
  /** The client's number of the session, 0 for none. */
  readonly session: number;
}

const consents = ['full', 'functional', 'none'] as const;
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0').slice(-digits);

/** A UUIDv7 by its form, as clients make them: time first, then the event's number. */
export function eventIdOf(i: number, occurredAt: number): string {
  const time = hex(occurredAt, 12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(i >>> 12, 3)}-8${hex(i, 3)}-${hex(i, 12)}`;
}

export const userIdOf = (user: number): string => `user-${String(user).padStart(7, '0')}`;
const itemIdOf = (item: number): string => `item-${String(item).padStart(5, '0')}`;

/** Events of a run in the order of their arrival, in columns: a million take some 35 MB. */
export class Events {
  readonly count: number;
  readonly #user: Uint32Array;
  readonly #item: Uint32Array;
  readonly #occurredAt: Float64Array;
  readonly #receivedAt: Float64Array;
  readonly #session: Uint32Array;
  /** Type, consent and whether it was shown. */
  readonly #kind: Uint16Array;

  constructor(count: number, arriving: Iterable<ShortEvent>) {
    this.count = count;
    this.#user = new Uint32Array(count);
    this.#item = new Uint32Array(count);
    this.#occurredAt = new Float64Array(count);
    this.#receivedAt = new Float64Array(count);
    this.#session = new Uint32Array(count);
    this.#kind = new Uint16Array(count);
    let i = 0;
    for (const { user, item, occurredAt, receivedAt, session, type, consent, isShown } of arriving) {
      this.#user[i] = user;
      this.#item[i] = item;
      this.#occurredAt[i] = occurredAt;
      this.#receivedAt[i] = receivedAt;
      this.#session[i] = session;
      this.#kind[i] = type | (consent << 4) | (isShown ? 256 : 0);
      i += 1;
    }
    if (i !== count) throw new RangeError(`${i} events instead of ${count}`);
  }

  userOf(i: number): number {
    return this.#user[i] as number;
  }

  idOf(i: number): string {
    return eventIdOf(i, this.#occurredAt[i] as number);
  }

  /** The record as enrichment writes it: about 200 bytes of Avro. */
  at(i: number): InteractionEnriched {
    const item = this.#item[i] as number;
    const kind = this.#kind[i] as number;
    const session = this.#session[i] as number;
    const consent = consents[(kind >> 4) & 15] ?? 'none';
    const isShown = kind >= 256;
    const surface = isShown ? 'home' : 'pdp';
    return {
      eventId: this.idOf(i),
      namespace: benchNamespace,
      userId: userIdOf(this.userOf(i)),
      anonymous: false,
      sessionId: session === 0 ? null : `s-${session}`,
      requestId: null,
      itemId: itemIdOf(item),
      type: interactionTypes[kind & 15] ?? 'custom',
      value: null,
      occurredAt: this.#occurredAt[i] as number,
      receivedAt: this.#receivedAt[i] as number,
      consent,
      context: consent === 'full' ? contextOf(surface, isShown) : null,
      commerce: null,
      order: null,
      watch: null,
      properties: {},
      trace: null,
      itemKnown: true,
      tags: [`brand:b${item % 211}`, `category:c${item % 37}`],
      locale: 'de-DE',
      segment: segmentOf(consent === 'full' ? surface : null, 'de-DE'),
    };
  }
}

function contextOf(surface: string, isShown: boolean): InteractionEnriched['context'] {
  const none = { rank: null, recommended: null, referrer: null, href: null, text: null };
  return { ...none, surface, widget: isShown ? 'slider' : null, experiment: null, abBucket: null, kind: null };
}
