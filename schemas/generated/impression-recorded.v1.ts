// Generated from schemas/events/impression-recorded.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** How far the user allows processing; an unknown symbol is read as the strictest. */
export type Consent = 'full' | 'functional' | 'none';

/** One item of the slate. */
export interface ImpressionItem {
  /** Item. */
  readonly itemId: string;
  /** Position, counted from 1. */
  readonly position: number;
  /** Candidate sources that proposed it. */
  readonly sources: readonly string[];
}

/** One slate that a user was shown. */
export interface ImpressionRecorded {
  /** Idempotency key within the namespace, 1 to 64 characters. */
  readonly eventId: string;
  /** Tenant. */
  readonly namespace: string;
  /** User or anonymous visitor. */
  readonly userId: string;
  /** True where user_id names a visitor who is not signed in. */
  readonly anonymous: boolean;
  /** The client's own session id. */
  readonly sessionId: null | string;
  /** The request_id of the list shown. */
  readonly requestId: null | string;
  /** Page type it was shown on. */
  readonly surface: null | string;
  /** When it was shown, milliseconds since the epoch. */
  readonly occurredAt: number;
  /** When ingest accepted it, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Consent in force, resolved at ingest. */
  readonly consent: Consent;
  /** Items shown, 1 to 200, positions and items distinct. */
  readonly items: readonly ImpressionItem[];
  /** Arm of the experiment in force. */
  readonly variant: null | string;
  /** Probability of this slate under the logging policy, 0 to 1. */
  readonly propensity: null | number;
  /** State version the list was computed from. */
  readonly stateVersion: null | number;
  /** W3C traceparent of the request that brought it. */
  readonly trace: null | string;
}

/** Reader and writer of ImpressionRecorded. */
export const impressionRecordedSchema = avroSchema<ImpressionRecorded>(
  "{\"type\":\"record\",\"name\":\"ImpressionRecorded\",\"namespace\":\"freshet\",\"doc\":\"One slate that a user was shown.\",\"fields\":[{\"name\":\"event_id\",\"type\":\"string\",\"doc\":\"Idempotency key within the namespace, 1 to 64 characters.\"},{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant.\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User or anonymous visitor.\"},{\"name\":\"anonymous\",\"type\":\"boolean\",\"doc\":\"True where user_id names a visitor who is not signed in.\",\"default\":false},{\"name\":\"session_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The client's own session id.\",\"default\":null},{\"name\":\"request_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The request_id of the list shown.\",\"default\":null},{\"name\":\"surface\",\"type\":[\"null\",\"string\"],\"doc\":\"Page type it was shown on.\",\"default\":null},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it was shown, milliseconds since the epoch.\"},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When ingest accepted it, milliseconds since the epoch.\"},{\"name\":\"consent\",\"type\":{\"type\":\"enum\",\"name\":\"Consent\",\"symbols\":[\"full\",\"functional\",\"none\"],\"default\":\"none\",\"doc\":\"How far the user allows processing; an unknown symbol is read as the strictest.\"},\"doc\":\"Consent in force, resolved at ingest.\"},{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"ImpressionItem\",\"doc\":\"One item of the slate.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"position\",\"type\":\"int\",\"doc\":\"Position, counted from 1.\"},{\"name\":\"sources\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"Candidate sources that proposed it.\",\"default\":[]}]}},\"doc\":\"Items shown, 1 to 200, positions and items distinct.\"},{\"name\":\"variant\",\"type\":[\"null\",\"string\"],\"doc\":\"Arm of the experiment in force.\",\"default\":null},{\"name\":\"propensity\",\"type\":[\"null\",\"double\"],\"doc\":\"Probability of this slate under the logging policy, 0 to 1.\",\"default\":null},{\"name\":\"state_version\",\"type\":[\"null\",\"int\"],\"doc\":\"State version the list was computed from.\",\"default\":null},{\"name\":\"trace\",\"type\":[\"null\",\"string\"],\"doc\":\"W3C traceparent of the request that brought it.\",\"default\":null}]}",
);
