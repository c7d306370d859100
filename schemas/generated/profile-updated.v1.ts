// Generated from schemas/events/profile-updated.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** The applied interaction with the greatest (received_at, event_id). */
export interface LastEvent {
  /** Event. */
  readonly eventId: string;
  /** Received, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Occurred, milliseconds since the epoch. */
  readonly occurredAt: number;
}

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

/** The session with the latest event. */
export interface CurrentSession {
  /** Session. */
  readonly sessionId: string;
  /** Earliest event, milliseconds since the epoch. */
  readonly firstOccurredAt: number;
  /** Latest event, milliseconds since the epoch. */
  readonly lastOccurredAt: number;
  /** Newest interactions with an item, oldest first. */
  readonly items: readonly SessionItem[];
}

/** An item and the latest event about it. */
export interface ProfileItem {
  /** Item. */
  readonly itemId: string;
  /** Latest such event, milliseconds since the epoch. */
  readonly occurredAt: number;
}

/** How often a tag was met on one day. */
export interface AffinityCount {
  /** Event-time day, days since the epoch (UTC). */
  readonly day: number;
  /** Tag of the item. */
  readonly tag: string;
  /** What the user did. */
  readonly type: InteractionType;
  /** Interactions. */
  readonly count: number;
}

/** The newest feature state of one user; a tombstone means erased or retired. */
export interface ProfileUpdated {
  /** State version it belongs to. */
  readonly stateVersion: number;
  /** Tenant. */
  readonly namespace: string;
  /** User. */
  readonly userId: string;
  /** True for a visitor who is not signed in. */
  readonly anonymous: boolean;
  /** Counts the transactions that changed this profile. */
  readonly revision: number;
  /** What a list made from this profile reflects. */
  readonly lastEvent: LastEvent;
  /** Locale of the user. */
  readonly locale: null | string;
  /** Popularity segment of the latest interaction. */
  readonly segment: string;
  /** The session lists are made from; null without consent full. */
  readonly currentSession: null | CurrentSession;
  /** Newest interactions, newest first, at most the history size of the version. */
  readonly recent: readonly SessionItem[];
  /** Items bought, newest first, at most 500. */
  readonly bought: readonly ProfileItem[];
  /** Items dismissed, newest first, at most 500. */
  readonly dismissed: readonly ProfileItem[];
  /** Items added and not bought since, newest first, at most 500. */
  readonly inCart: readonly ProfileItem[];
  /** Counts by event-time day, the 90 newest days. */
  readonly affinity: readonly AffinityCount[];
}

/** Reader and writer of ProfileUpdated. */
export const profileUpdatedSchema = avroSchema<ProfileUpdated>(
  "{\"type\":\"record\",\"name\":\"ProfileUpdated\",\"namespace\":\"freshet\",\"doc\":\"The newest feature state of one user; a tombstone means erased or retired.\",\"fields\":[{\"name\":\"state_version\",\"type\":\"int\",\"doc\":\"State version it belongs to.\"},{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User.\"},{\"name\":\"anonymous\",\"type\":\"boolean\",\"doc\":\"True for a visitor who is not signed in.\",\"default\":false},{\"name\":\"revision\",\"type\":\"long\",\"doc\":\"Counts the transactions that changed this profile.\"},{\"name\":\"last_event\",\"type\":{\"type\":\"record\",\"name\":\"LastEvent\",\"doc\":\"The applied interaction with the greatest (received_at, event_id).\",\"fields\":[{\"name\":\"event_id\",\"type\":\"string\",\"doc\":\"Event.\"},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Received, milliseconds since the epoch.\"},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Occurred, milliseconds since the epoch.\"}]},\"doc\":\"What a list made from this profile reflects.\"},{\"name\":\"locale\",\"type\":[\"null\",\"string\"],\"doc\":\"Locale of the user.\",\"default\":null},{\"name\":\"segment\",\"type\":\"string\",\"doc\":\"Popularity segment of the latest interaction.\",\"default\":\"|\"},{\"name\":\"current_session\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"CurrentSession\",\"doc\":\"The session with the latest event.\",\"fields\":[{\"name\":\"session_id\",\"type\":\"string\",\"doc\":\"Session.\"},{\"name\":\"first_occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Earliest event, milliseconds since the epoch.\"},{\"name\":\"last_occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Latest event, milliseconds since the epoch.\"},{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"SessionItem\",\"doc\":\"One interaction of a session.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"type\",\"type\":{\"type\":\"enum\",\"name\":\"InteractionType\",\"symbols\":[\"view\",\"click\",\"add\",\"purchase\",\"custom\",\"watch\",\"like\",\"rating\",\"dismiss\"],\"default\":\"custom\",\"doc\":\"What the user did; a reader that does not know a newer symbol sees custom.\"},\"doc\":\"What the user did.\"},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When, milliseconds since the epoch.\"}]}},\"doc\":\"Newest interactions with an item, oldest first.\",\"default\":[]}]}],\"doc\":\"The session lists are made from; null without consent full.\",\"default\":null},{\"name\":\"recent\",\"type\":{\"type\":\"array\",\"items\":\"freshet.SessionItem\"},\"doc\":\"Newest interactions, newest first, at most the history size of the version.\",\"default\":[]},{\"name\":\"bought\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"ProfileItem\",\"doc\":\"An item and the latest event about it.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Latest such event, milliseconds since the epoch.\"}]}},\"doc\":\"Items bought, newest first, at most 500.\",\"default\":[]},{\"name\":\"dismissed\",\"type\":{\"type\":\"array\",\"items\":\"freshet.ProfileItem\"},\"doc\":\"Items dismissed, newest first, at most 500.\",\"default\":[]},{\"name\":\"in_cart\",\"type\":{\"type\":\"array\",\"items\":\"freshet.ProfileItem\"},\"doc\":\"Items added and not bought since, newest first, at most 500.\",\"default\":[]},{\"name\":\"affinity\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"AffinityCount\",\"doc\":\"How often a tag was met on one day.\",\"fields\":[{\"name\":\"day\",\"type\":\"int\",\"doc\":\"Event-time day, days since the epoch (UTC).\"},{\"name\":\"tag\",\"type\":\"string\",\"doc\":\"Tag of the item.\"},{\"name\":\"type\",\"type\":\"freshet.InteractionType\",\"doc\":\"What the user did.\"},{\"name\":\"count\",\"type\":\"int\",\"doc\":\"Interactions.\"}]}},\"doc\":\"Counts by event-time day, the 90 newest days.\",\"default\":[]}]}",
);
