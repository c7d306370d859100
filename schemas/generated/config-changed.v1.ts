// Generated from schemas/events/config-changed.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** The newest state of one configuration document; a tombstone means deleted. */
export interface ConfigChanged {
  /** Tenant. */
  readonly namespace: string;
  /** Kind of document: settings or rule. */
  readonly kind: string;
  /** Id within the kind. */
  readonly id: string;
  /** Revision given by the writer, larger is newer. */
  readonly revision: number;
  /** The document as JSON text. */
  readonly body: string;
  /** When ingest accepted it, milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** Reader and writer of ConfigChanged. */
export const configChangedSchema = avroSchema<ConfigChanged>(
  "{\"type\":\"record\",\"name\":\"ConfigChanged\",\"namespace\":\"freshet\",\"doc\":\"The newest state of one configuration document; a tombstone means deleted.\",\"fields\":[{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"kind\",\"type\":\"string\",\"doc\":\"Kind of document: settings or rule.\"},{\"name\":\"id\",\"type\":\"string\",\"doc\":\"Id within the kind.\"},{\"name\":\"revision\",\"type\":\"long\",\"doc\":\"Revision given by the writer, larger is newer.\"},{\"name\":\"body\",\"type\":\"string\",\"doc\":\"The document as JSON text.\"},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When ingest accepted it, milliseconds since the epoch.\"}]}",
);
