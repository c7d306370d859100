// Generated from schemas/events/item-changed.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** The newest state of a catalogue item; a tombstone means deleted. */
export interface ItemChanged {
  /** Tenant. */
  readonly namespace: string;
  /** Item, 1 to 128 characters. */
  readonly itemId: string;
  /** Revision given by the writer, larger is newer. */
  readonly revision: number;
  /** False where it cannot be had now. */
  readonly available: boolean;
  /** True where it must not be recommended. */
  readonly hidden: boolean;
  /** Price as a decimal string, in currency. */
  readonly price: null | string;
  /** ISO 4217 code. */
  readonly currency: null | string;
  /** Normalised tags such as brand:acme or category:shoes. */
  readonly tags: readonly string[];
  /** Item this is a variant of. */
  readonly parentId: null | string;
  /** Items this bundles. */
  readonly bundleOf: readonly string[];
  /** Title. */
  readonly title: null | string;
  /** Description. */
  readonly description: null | string;
  /** Page. */
  readonly url: null | string;
  /** Image. */
  readonly imageUrl: null | string;
  /** Published, milliseconds since the epoch. */
  readonly publishedAt: null | number;
  /** Archived, milliseconds since the epoch. */
  readonly archivedAt: null | number;
  /** Free properties. */
  readonly properties: Readonly<Record<string, string>>;
  /** When ingest accepted it, milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** Reader and writer of ItemChanged. */
export const itemChangedSchema = avroSchema<ItemChanged>(
  "{\"type\":\"record\",\"name\":\"ItemChanged\",\"namespace\":\"freshet\",\"doc\":\"The newest state of a catalogue item; a tombstone means deleted.\",\"fields\":[{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item, 1 to 128 characters.\"},{\"name\":\"revision\",\"type\":\"long\",\"doc\":\"Revision given by the writer, larger is newer.\"},{\"name\":\"available\",\"type\":\"boolean\",\"doc\":\"False where it cannot be had now.\",\"default\":true},{\"name\":\"hidden\",\"type\":\"boolean\",\"doc\":\"True where it must not be recommended.\",\"default\":false},{\"name\":\"price\",\"type\":[\"null\",\"string\"],\"doc\":\"Price as a decimal string, in currency.\",\"default\":null},{\"name\":\"currency\",\"type\":[\"null\",\"string\"],\"doc\":\"ISO 4217 code.\",\"default\":null},{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"Normalised tags such as brand:acme or category:shoes.\",\"default\":[]},{\"name\":\"parent_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Item this is a variant of.\",\"default\":null},{\"name\":\"bundle_of\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"Items this bundles.\",\"default\":[]},{\"name\":\"title\",\"type\":[\"null\",\"string\"],\"doc\":\"Title.\",\"default\":null},{\"name\":\"description\",\"type\":[\"null\",\"string\"],\"doc\":\"Description.\",\"default\":null},{\"name\":\"url\",\"type\":[\"null\",\"string\"],\"doc\":\"Page.\",\"default\":null},{\"name\":\"image_url\",\"type\":[\"null\",\"string\"],\"doc\":\"Image.\",\"default\":null},{\"name\":\"published_at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"Published, milliseconds since the epoch.\",\"default\":null},{\"name\":\"archived_at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"Archived, milliseconds since the epoch.\",\"default\":null},{\"name\":\"properties\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"Free properties.\",\"default\":{}},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When ingest accepted it, milliseconds since the epoch.\"}]}",
);
