import type { ItemAttributes } from '../domain/item-attributes.ts';
import type { Feed } from './feed.ts';

/** A user's values as they lie in Redis; null where there is none. */
export interface UserValues {
  /** See packed-list.ts. */
  readonly list: Buffer | null;
  /** See packed-profile.ts. */
  readonly profile: Buffer | null;
  /** See packed-recent.ts. */
  readonly recent: Buffer | null;
}

/**
 * What a request may ask of Redis. Every method is one round trip, and calls of one tick travel
 * together, so that they cost one wait. A fault is a TransientError, thrown soon rather than late:
 * a list has fallbacks. The connection belongs to whoever made the port.
 */
export interface ListReader {
  user(version: number, namespace: string, userId: string): Promise<UserValues>;
  /** Packed neighbours of each item, in the same order. */
  similar(version: number, namespace: string, items: readonly number[]): Promise<readonly (Buffer | null)[]>;
  /** The active state version; undefined where nobody has said. */
  active(): Promise<number | undefined>;
}

export interface ItemChange {
  readonly namespace: string;
  readonly number: number;
  readonly item: ItemAttributes;
}

/** The catalogue's projection. Items come in no order; an unreadable one is left out and counted in `unreadable`. */
export interface ItemReader {
  readonly feed: Feed<ItemChange>;
  /** Highest item number of each namespace. */
  highest(): Promise<ReadonlyMap<string, number>>;
  /** The chunk that holds `number`. */
  chunk(
    namespace: string,
    number: number,
  ): Promise<{ readonly items: readonly ItemChange[]; readonly unreadable: number }>;
}

/** A namespace's configuration as stored: not yet validated. */
export interface StoredSettings {
  readonly revision: number;
  readonly body: unknown;
}

/** A rule as stored: not yet validated. */
export interface StoredRule {
  readonly id: string;
  readonly revision: number;
  readonly body: unknown;
}

/** The configuration's projection. */
export interface ConfigReader {
  readonly feed: Feed<{ readonly namespace: string }>;
  namespaces(): Promise<readonly string[]>;
  /** Undefined where there is none; 'unreadable' where the value is not what the projection writes. */
  settings(namespace: string): Promise<StoredSettings | 'unreadable' | undefined>;
  /** Empty where there are none. */
  rules(namespace: string): Promise<readonly StoredRule[] | 'unreadable'>;
}

export interface PopularKey {
  readonly namespace: string;
  /** `surface|locale`; `|` is global. */
  readonly segment: string;
}

/** Popular lists of each state version. */
export interface PopularReader {
  /** The same object for the same version. */
  feed(version: number): Feed<PopularKey>;
  keys(version: number): Promise<readonly PopularKey[]>;
  /** A packed list; null where there is none. */
  list(version: number, key: PopularKey): Promise<Buffer | null>;
  /** The active state version; undefined where nobody has said. */
  active(): Promise<number | undefined>;
  /** Those whose lists are whole, so that they may become active. */
  versions(): Promise<readonly number[]>;
}

export type RefreshAnswer =
  /** `already_queued`: the user's earlier request still waits. `expired` requests were dropped to make room. */
  | { readonly kind: 'queued' | 'already_queued'; readonly expired: number }
  | { readonly kind: 'too_often'; readonly retryAfterMs: number; readonly expired: number }
  | { readonly kind: 'queue_full'; readonly expired: number };

/** Asks for a user's list to be made again, in one round trip; a fault is a TransientError. See refresh.ts. */
export interface RefreshRequests {
  ask(version: number, namespace: string, userId: string): Promise<RefreshAnswer>;
}
