// Generated from schemas/events/session-updated.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** What the user did; a reader that does not know a newer symbol sees custom. */
export type InteractionType = 'view' | 'click' | 'add' | 'purchase' | 'custom' | 'watch' | 'like' | 'rating' | 'dismiss';

/** One interaction of a session. */
export interface SessionItem {
  /** Item. */
  readonly itemId: string;
  /** What the user did. */
  readonly type: InteractionType;
  /** When, milliseconds since the epoch. */
  readonly occurredAt: number;
}

/** The newest state of one session; a tombstone means it was merged away or retired. */
export interface SessionUpdated {
  /** State version it belongs to. */
  readonly stateVersion: number;
  /** Tenant. */
  readonly namespace: string;
  /** User. */
  readonly userId: string;
  /** c: and the client's id, or g: and the earliest event. */
  readonly sessionId: string;
  /** Earliest event, milliseconds since the epoch. */
  readonly firstOccurredAt: number;
  /** Latest event, milliseconds since the epoch. */
  readonly lastOccurredAt: number;
  /** Newest 200 interactions with an item, oldest first. */
  readonly items: readonly SessionItem[];
}

/** Reader and writer of SessionUpdated. */
export const sessionUpdatedSchema = avroSchema<SessionUpdated>(
  "{\"type\":\"record\",\"name\":\"SessionUpdated\",\"namespace\":\"freshet\",\"doc\":\"The newest state of one session; a tombstone means it was merged away or retired.\",\"fields\":[{\"name\":\"state_version\",\"type\":\"int\",\"doc\":\"State version it belongs to.\"},{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User.\"},{\"name\":\"session_id\",\"type\":\"string\",\"doc\":\"c: and the client's id, or g: and the earliest event.\"},{\"name\":\"first_occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Earliest event, milliseconds since the epoch.\"},{\"name\":\"last_occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Latest event, milliseconds since the epoch.\"},{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"SessionItem\",\"doc\":\"One interaction of a session.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"type\",\"type\":{\"type\":\"enum\",\"name\":\"InteractionType\",\"symbols\":[\"view\",\"click\",\"add\",\"purchase\",\"custom\",\"watch\",\"like\",\"rating\",\"dismiss\"],\"default\":\"custom\",\"doc\":\"What the user did; a reader that does not know a newer symbol sees custom.\"},\"doc\":\"What the user did.\"},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When, milliseconds since the epoch.\"}]}},\"doc\":\"Newest 200 interactions with an item, oldest first.\",\"default\":[]}]}",
);
