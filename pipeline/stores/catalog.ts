import type { ItemAttributes } from '../domain/item-attributes.ts';

export interface ItemRef {
  readonly namespace: string;
  readonly itemId: string;
}

export interface UserTraitsRef {
  readonly namespace: string;
  readonly userId: string;
}

/** The key of look-up answers; a namespace has no `|`. */
export type LookUpKey = `${string}|${string}`;

export interface KnownItem {
  readonly tags: readonly string[];
}

export interface KnownUser {
  readonly traits: Readonly<Record<string, string>>;
}

/** Batch look-ups in the projected catalogue. Deleted documents are not known. */
export interface CatalogReader {
  /** By `namespace|item_id`; absent where unknown. One round trip, none for no refs. */
  findItems(refs: readonly ItemRef[]): Promise<ReadonlyMap<LookUpKey, KnownItem>>;
  /** By `namespace|user_id`; absent where unknown. */
  findUsers(refs: readonly UserTraitsRef[]): Promise<ReadonlyMap<LookUpKey, KnownUser>>;
}

/** The newest state of an item, as projected; `deleted` stays, so that its number is never given again. */
export interface ItemDocument extends ItemRef {
  readonly revision: number;
  readonly available: boolean;
  readonly hidden: boolean;
  /** Milliseconds since the epoch. */
  readonly archivedAt: number | null;
  readonly tags: readonly string[];
  /** All other fields. */
  readonly body: ItemBody;
}

export interface ItemBody {
  readonly price: string | null;
  readonly currency: string | null;
  readonly parentId?: string | null;
  /** Milliseconds since the epoch. */
  readonly publishedAt?: number | null;
  readonly [name: string]: unknown;
}

/** What became of a key in a batch: its newest document, deleted since or not; null deletes what is there. */
export interface Change<Ref, Document> {
  readonly ref: Ref;
  readonly document: Document | null;
  readonly deleted: boolean;
}

/** An item as others are told of it. */
export interface ProjectedItem {
  readonly namespace: string;
  /** Given once, per namespace; never reused. */
  readonly number: number;
  readonly attributes: ItemAttributes;
}

export interface UserDocument extends UserTraitsRef {
  readonly revision: number;
  readonly traits: Readonly<Record<string, string>>;
  readonly consent: string | null;
  readonly lastSeenAt: number | null;
}

/** Settings have one document a namespace, rules any number. */
export interface ConfigRef {
  readonly namespace: string;
  readonly kind: 'settings' | 'rule';
  readonly id: string;
}

export interface ConfigDocument extends ConfigRef {
  readonly revision: number;
  readonly body: ConfigBody;
}

export type ConfigBody = Readonly<Record<string, unknown>>;

/** All configuration of a namespace, deleted documents left out. */
export interface NamespaceConfig {
  readonly namespace: string;
  readonly settings: { readonly revision: number; readonly body: ConfigBody } | null;
  readonly rules: readonly { readonly id: string; readonly revision: number; readonly body: ConfigBody }[];
}

/**
 * The tables `item`, `user`, `namespace_config` and `rule`. Repeatable: a document never replaces one of a
 * greater revision, the same one again changes nothing. Each key at most once a call.
 */
export interface CatalogWriter {
  /** Answers what `items` does, of the keys of the changes, whether a change won or not. */
  saveItems(changes: readonly Change<ItemRef, ItemDocument>[]): Promise<ProjectedItem[]>;
  /** The stored state of every key that has a row, in order of namespace and number. */
  items(refs: readonly ItemRef[]): Promise<ProjectedItem[]>;
  saveUsers(changes: readonly Change<UserTraitsRef, UserDocument>[]): Promise<void>;
  saveConfig(changes: readonly Change<ConfigRef, ConfigDocument>[]): Promise<void>;
  /** In the order given, rules in order of their ids; every namespace is answered. */
  config(namespaces: readonly string[]): Promise<NamespaceConfig[]>;
  configuredNamespaces(): Promise<string[]>;
  /** Highest item number of each namespace that has items. */
  highestNumbers(): Promise<ReadonlyMap<string, number>>;
  /**
   * Hands items to `use` in pages, in no order that means anything, each page while its rows cannot change: whoever changes
   * one afterwards tells of it afterwards.
   */
  eachItemPage(namespace: string, use: (items: ProjectedItem[]) => Promise<void>): Promise<void>;
}

/** What serving reads of the catalogue and of configuration; can be dropped and projected again. */
export interface CatalogProjection {
  /**
   * Overwrites; each item is in its chunk before the feed tells of it. Raises the highest number of a namespace
   * that has one: single items do not make a namespace whole.
   */
  putItems(items: readonly ProjectedItem[]): Promise<void>;
  /** Highest item number, of the namespaces that were whole since the store was last empty. */
  highestNumbers(): Promise<ReadonlyMap<string, number>>;
  /** Call before all items of a namespace are put; the answer names this attempt. */
  beginItems(namespace: string): Promise<string>;
  /** All up to `highest` are there. False, and nothing changes, where the store was emptied since, or another began. */
  endItems(namespace: string, highest: number, attempt: string): Promise<boolean>;
  /** Replaces what is projected of the namespaces and tells of it in the feed. */
  putConfig(config: readonly NamespaceConfig[]): Promise<void>;
  configuredNamespaces(): Promise<ReadonlySet<string>>;
}
