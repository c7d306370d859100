// Generated from schemas/events/user-changed.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** How far the user allows processing; an unknown symbol is read as the strictest. */
export type Consent = 'full' | 'functional' | 'none';

/** The newest state of a user's traits; a tombstone means deleted. */
export interface UserChanged {
  /** Tenant. */
  readonly namespace: string;
  /** User. */
  readonly userId: string;
  /** Revision given by the writer, larger is newer. */
  readonly revision: number;
  /** Traits such as locale or country; lists are comma separated. */
  readonly traits: Readonly<Record<string, string>>;
  /** Consent of the user, where known. */
  readonly consent: null | Consent;
  /** Last seen, milliseconds since the epoch. */
  readonly lastSeenAt: null | number;
  /** When ingest accepted it, milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** Reader and writer of UserChanged. */
export const userChangedSchema = avroSchema<UserChanged>(
  "{\"type\":\"record\",\"name\":\"UserChanged\",\"namespace\":\"freshet\",\"doc\":\"The newest state of a user's traits; a tombstone means deleted.\",\"fields\":[{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User.\"},{\"name\":\"revision\",\"type\":\"long\",\"doc\":\"Revision given by the writer, larger is newer.\"},{\"name\":\"traits\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"Traits such as locale or country; lists are comma separated.\",\"default\":{}},{\"name\":\"consent\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"Consent\",\"symbols\":[\"full\",\"functional\",\"none\"],\"default\":\"none\",\"doc\":\"How far the user allows processing; an unknown symbol is read as the strictest.\"}],\"doc\":\"Consent of the user, where known.\",\"default\":null},{\"name\":\"last_seen_at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"Last seen, milliseconds since the epoch.\",\"default\":null},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When ingest accepted it, milliseconds since the epoch.\"}]}",
);
