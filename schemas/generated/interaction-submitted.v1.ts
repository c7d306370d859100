// Generated from schemas/events/interaction-submitted.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** What the user did. A newer symbol is read as unknown, and unknown is refused. */
export type InteractionType = 'view' | 'click' | 'add' | 'purchase' | 'custom' | 'watch' | 'like' | 'rating' | 'dismiss' | 'unknown';

/** How far the user allows processing. A newer symbol is read as unknown, and unknown is refused. */
export type Consent = 'full' | 'functional' | 'none' | 'unknown';

/** Where it happened. */
export interface Context {
  /** Page type, such as home, pdp or cart. */
  readonly surface: null | string;
  /** Widget on the surface. */
  readonly widget: null | string;
  /** Position in the list, counted from 1. */
  readonly rank: null | number;
  /** True where one of our lists led here. */
  readonly recommended: null | boolean;
  /** Referring page. */
  readonly referrer: null | string;
  /** Target of the link. */
  readonly href: null | string;
  /** Text of the element. */
  readonly text: null | string;
  /** Experiment in force. */
  readonly experiment: null | string;
  /** Arm of that experiment. */
  readonly abBucket: null | string;
  /** Kind of a custom interaction. */
  readonly kind: null | string;
}

/** One line of a cart or an order. */
export interface Commerce {
  /** Cart. */
  readonly cartId: null | string;
  /** Order. */
  readonly orderId: null | string;
  /** Price of one unit as a decimal string, in currency. */
  readonly unitPrice: null | string;
  /** ISO 4217 code. */
  readonly currency: null | string;
}

/** One line of the order. */
export interface OrderItem {
  /** Item. */
  readonly itemId: string;
  /** Units. */
  readonly quantity: number;
  /** Price of one unit as a decimal string. */
  readonly unitPrice: string;
}

/** A whole order, for custom interactions of kind order. */
export interface Order {
  /** Order. */
  readonly orderId: string;
  /** Total as a decimal string, in currency. */
  readonly total: string;
  /** ISO 4217 code. */
  readonly currency: string;
  /** Lines, at most 200. */
  readonly items: readonly OrderItem[];
}

/** How much of a video or stream was watched. */
export interface Watch {
  /** Length of the content in milliseconds. */
  readonly durationMs: null | number;
  /** Share watched, 0 to 1. */
  readonly completion: null | number;
}

/** One thing a user did, as a service hands it in; it is validated like one that comes over HTTP. */
export interface InteractionSubmitted {
  /** Idempotency key within the namespace, 1 to 64 characters. */
  readonly eventId: string;
  /** Tenant, lower case, 1 to 64 characters. */
  readonly namespace: string;
  /** User or anonymous visitor, 1 to 128 characters. */
  readonly userId: string;
  /** True where user_id names a visitor who is not signed in. */
  readonly anonymous: boolean;
  /** The client's own session id, 1 to 128 characters. */
  readonly sessionId: null | string;
  /** The request_id of the list that led here. */
  readonly requestId: null | string;
  /** The item; needed by every type but custom. */
  readonly itemId: null | string;
  /** What the user did. */
  readonly type: InteractionType;
  /** Quantity (add, purchase), stars 1 to 5 (rating) or seconds watched (watch). */
  readonly value: null | number;
  /** When it happened, by the client, milliseconds since the epoch; null where it is not known, then it is when ingest took it in. */
  readonly occurredAt: null | number;
  /** Consent in force; null takes the namespace's own default. */
  readonly consent: null | Consent;
  /** Where it happened. */
  readonly context: null | Context;
  /** Commerce details of the line item. */
  readonly commerce: null | Commerce;
  /** The order of a custom interaction of kind order. */
  readonly order: null | Order;
  /** Watch details. */
  readonly watch: null | Watch;
  /** Free properties, at most 32 keys and 4 KiB. */
  readonly properties: Readonly<Record<string, string>>;
  /** W3C traceparent of what the user did. */
  readonly trace: null | string;
}

/** Reader and writer of InteractionSubmitted. */
export const interactionSubmittedSchema = avroSchema<InteractionSubmitted>(
  "{\"type\":\"record\",\"name\":\"InteractionSubmitted\",\"namespace\":\"freshet\",\"doc\":\"One thing a user did, as a service hands it in; it is validated like one that comes over HTTP.\",\"fields\":[{\"name\":\"event_id\",\"type\":\"string\",\"doc\":\"Idempotency key within the namespace, 1 to 64 characters.\"},{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant, lower case, 1 to 64 characters.\",\"default\":\"default\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User or anonymous visitor, 1 to 128 characters.\"},{\"name\":\"anonymous\",\"type\":\"boolean\",\"doc\":\"True where user_id names a visitor who is not signed in.\",\"default\":false},{\"name\":\"session_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The client's own session id, 1 to 128 characters.\",\"default\":null},{\"name\":\"request_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The request_id of the list that led here.\",\"default\":null},{\"name\":\"item_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The item; needed by every type but custom.\",\"default\":null},{\"name\":\"type\",\"type\":{\"type\":\"enum\",\"name\":\"InteractionType\",\"symbols\":[\"view\",\"click\",\"add\",\"purchase\",\"custom\",\"watch\",\"like\",\"rating\",\"dismiss\",\"unknown\"],\"default\":\"unknown\",\"doc\":\"What the user did. A newer symbol is read as unknown, and unknown is refused.\"},\"doc\":\"What the user did.\"},{\"name\":\"value\",\"type\":[\"null\",\"double\"],\"doc\":\"Quantity (add, purchase), stars 1 to 5 (rating) or seconds watched (watch).\",\"default\":null},{\"name\":\"occurred_at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"When it happened, by the client, milliseconds since the epoch; null where it is not known, then it is when ingest took it in.\",\"default\":null},{\"name\":\"consent\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"Consent\",\"symbols\":[\"full\",\"functional\",\"none\",\"unknown\"],\"default\":\"unknown\",\"doc\":\"How far the user allows processing. A newer symbol is read as unknown, and unknown is refused.\"}],\"doc\":\"Consent in force; null takes the namespace's own default.\",\"default\":null},{\"name\":\"context\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Context\",\"doc\":\"Where it happened.\",\"fields\":[{\"name\":\"surface\",\"type\":[\"null\",\"string\"],\"doc\":\"Page type, such as home, pdp or cart.\",\"default\":null},{\"name\":\"widget\",\"type\":[\"null\",\"string\"],\"doc\":\"Widget on the surface.\",\"default\":null},{\"name\":\"rank\",\"type\":[\"null\",\"int\"],\"doc\":\"Position in the list, counted from 1.\",\"default\":null},{\"name\":\"recommended\",\"type\":[\"null\",\"boolean\"],\"doc\":\"True where one of our lists led here.\",\"default\":null},{\"name\":\"referrer\",\"type\":[\"null\",\"string\"],\"doc\":\"Referring page.\",\"default\":null},{\"name\":\"href\",\"type\":[\"null\",\"string\"],\"doc\":\"Target of the link.\",\"default\":null},{\"name\":\"text\",\"type\":[\"null\",\"string\"],\"doc\":\"Text of the element.\",\"default\":null},{\"name\":\"experiment\",\"type\":[\"null\",\"string\"],\"doc\":\"Experiment in force.\",\"default\":null},{\"name\":\"ab_bucket\",\"type\":[\"null\",\"string\"],\"doc\":\"Arm of that experiment.\",\"default\":null},{\"name\":\"kind\",\"type\":[\"null\",\"string\"],\"doc\":\"Kind of a custom interaction.\",\"default\":null}]}],\"doc\":\"Where it happened.\",\"default\":null},{\"name\":\"commerce\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Commerce\",\"doc\":\"One line of a cart or an order.\",\"fields\":[{\"name\":\"cart_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Cart.\",\"default\":null},{\"name\":\"order_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Order.\",\"default\":null},{\"name\":\"unit_price\",\"type\":[\"null\",\"string\"],\"doc\":\"Price of one unit as a decimal string, in currency.\",\"default\":null},{\"name\":\"currency\",\"type\":[\"null\",\"string\"],\"doc\":\"ISO 4217 code.\",\"default\":null}]}],\"doc\":\"Commerce details of the line item.\",\"default\":null},{\"name\":\"order\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Order\",\"doc\":\"A whole order, for custom interactions of kind order.\",\"fields\":[{\"name\":\"order_id\",\"type\":\"string\",\"doc\":\"Order.\"},{\"name\":\"total\",\"type\":\"string\",\"doc\":\"Total as a decimal string, in currency.\"},{\"name\":\"currency\",\"type\":\"string\",\"doc\":\"ISO 4217 code.\"},{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"OrderItem\",\"doc\":\"One line of the order.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"quantity\",\"type\":\"double\",\"doc\":\"Units.\"},{\"name\":\"unit_price\",\"type\":\"string\",\"doc\":\"Price of one unit as a decimal string.\"}]}},\"doc\":\"Lines, at most 200.\",\"default\":[]}]}],\"doc\":\"The order of a custom interaction of kind order.\",\"default\":null},{\"name\":\"watch\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Watch\",\"doc\":\"How much of a video or stream was watched.\",\"fields\":[{\"name\":\"duration_ms\",\"type\":[\"null\",\"long\"],\"doc\":\"Length of the content in milliseconds.\",\"default\":null},{\"name\":\"completion\",\"type\":[\"null\",\"double\"],\"doc\":\"Share watched, 0 to 1.\",\"default\":null}]}],\"doc\":\"Watch details.\",\"default\":null},{\"name\":\"properties\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"Free properties, at most 32 keys and 4 KiB.\",\"default\":{}},{\"name\":\"trace\",\"type\":[\"null\",\"string\"],\"doc\":\"W3C traceparent of what the user did.\",\"default\":null}]}",
);
