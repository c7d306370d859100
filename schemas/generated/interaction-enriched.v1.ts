// Generated from schemas/events/interaction-enriched.v1.avsc by `freshet schemas generate`; do not edit.
import { avroSchema } from './avro.ts';

/** What the user did; a reader that does not know a newer symbol sees custom. */
export type InteractionType = 'view' | 'click' | 'add' | 'purchase' | 'custom' | 'watch' | 'like' | 'rating' | 'dismiss';

/** How far the user allows processing; an unknown symbol is read as the strictest. */
export type Consent = 'full' | 'functional' | 'none';

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

/** An interaction joined with its catalogue item and its user. */
export interface InteractionEnriched {
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
  /** The item; null only for type custom. */
  readonly itemId: null | string;
  /** What the user did. */
  readonly type: InteractionType;
  /** Quantity (add, purchase), stars 1 to 5 (rating) or seconds watched (watch). */
  readonly value: null | number;
  /** When it happened, by the client, milliseconds since the epoch. */
  readonly occurredAt: number;
  /** When ingest accepted it, by the server, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Consent in force, resolved at ingest. */
  readonly consent: Consent;
  /** Where it happened; null without consent full. */
  readonly context: null | Context;
  /** Commerce details of the line item. */
  readonly commerce: null | Commerce;
  /** The order of a custom interaction of kind order. */
  readonly order: null | Order;
  /** Watch details. */
  readonly watch: null | Watch;
  /** Free properties, at most 32 keys and 4 KiB; empty without consent full. */
  readonly properties: Readonly<Record<string, string>>;
  /** W3C traceparent of the request that brought it. */
  readonly trace: null | string;
  /** False where the catalogue does not know the item. */
  readonly itemKnown: boolean;
  /** Tags of the item, normalised. */
  readonly tags: readonly string[];
  /** Locale of the user, from the user record. */
  readonly locale: null | string;
  /** Popularity segment: surface|locale, either part empty where unknown. */
  readonly segment: string;
}

/** Reader and writer of InteractionEnriched. */
export const interactionEnrichedSchema = avroSchema<InteractionEnriched>(
  "{\"type\":\"record\",\"name\":\"InteractionEnriched\",\"namespace\":\"freshet\",\"doc\":\"An interaction joined with its catalogue item and its user.\",\"fields\":[{\"name\":\"event_id\",\"type\":\"string\",\"doc\":\"Idempotency key within the namespace, 1 to 64 characters.\"},{\"name\":\"namespace\",\"type\":\"string\",\"doc\":\"Tenant, lower case, 1 to 64 characters.\"},{\"name\":\"user_id\",\"type\":\"string\",\"doc\":\"User or anonymous visitor, 1 to 128 characters.\"},{\"name\":\"anonymous\",\"type\":\"boolean\",\"doc\":\"True where user_id names a visitor who is not signed in.\",\"default\":false},{\"name\":\"session_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The client's own session id, 1 to 128 characters.\",\"default\":null},{\"name\":\"request_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The request_id of the list that led here.\",\"default\":null},{\"name\":\"item_id\",\"type\":[\"null\",\"string\"],\"doc\":\"The item; null only for type custom.\",\"default\":null},{\"name\":\"type\",\"type\":{\"type\":\"enum\",\"name\":\"InteractionType\",\"symbols\":[\"view\",\"click\",\"add\",\"purchase\",\"custom\",\"watch\",\"like\",\"rating\",\"dismiss\"],\"default\":\"custom\",\"doc\":\"What the user did; a reader that does not know a newer symbol sees custom.\"},\"doc\":\"What the user did.\"},{\"name\":\"value\",\"type\":[\"null\",\"double\"],\"doc\":\"Quantity (add, purchase), stars 1 to 5 (rating) or seconds watched (watch).\",\"default\":null},{\"name\":\"occurred_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it happened, by the client, milliseconds since the epoch.\"},{\"name\":\"received_at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When ingest accepted it, by the server, milliseconds since the epoch.\"},{\"name\":\"consent\",\"type\":{\"type\":\"enum\",\"name\":\"Consent\",\"symbols\":[\"full\",\"functional\",\"none\"],\"default\":\"none\",\"doc\":\"How far the user allows processing; an unknown symbol is read as the strictest.\"},\"doc\":\"Consent in force, resolved at ingest.\"},{\"name\":\"context\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Context\",\"doc\":\"Where it happened.\",\"fields\":[{\"name\":\"surface\",\"type\":[\"null\",\"string\"],\"doc\":\"Page type, such as home, pdp or cart.\",\"default\":null},{\"name\":\"widget\",\"type\":[\"null\",\"string\"],\"doc\":\"Widget on the surface.\",\"default\":null},{\"name\":\"rank\",\"type\":[\"null\",\"int\"],\"doc\":\"Position in the list, counted from 1.\",\"default\":null},{\"name\":\"recommended\",\"type\":[\"null\",\"boolean\"],\"doc\":\"True where one of our lists led here.\",\"default\":null},{\"name\":\"referrer\",\"type\":[\"null\",\"string\"],\"doc\":\"Referring page.\",\"default\":null},{\"name\":\"href\",\"type\":[\"null\",\"string\"],\"doc\":\"Target of the link.\",\"default\":null},{\"name\":\"text\",\"type\":[\"null\",\"string\"],\"doc\":\"Text of the element.\",\"default\":null},{\"name\":\"experiment\",\"type\":[\"null\",\"string\"],\"doc\":\"Experiment in force.\",\"default\":null},{\"name\":\"ab_bucket\",\"type\":[\"null\",\"string\"],\"doc\":\"Arm of that experiment.\",\"default\":null},{\"name\":\"kind\",\"type\":[\"null\",\"string\"],\"doc\":\"Kind of a custom interaction.\",\"default\":null}]}],\"doc\":\"Where it happened; null without consent full.\",\"default\":null},{\"name\":\"commerce\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Commerce\",\"doc\":\"One line of a cart or an order.\",\"fields\":[{\"name\":\"cart_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Cart.\",\"default\":null},{\"name\":\"order_id\",\"type\":[\"null\",\"string\"],\"doc\":\"Order.\",\"default\":null},{\"name\":\"unit_price\",\"type\":[\"null\",\"string\"],\"doc\":\"Price of one unit as a decimal string, in currency.\",\"default\":null},{\"name\":\"currency\",\"type\":[\"null\",\"string\"],\"doc\":\"ISO 4217 code.\",\"default\":null}]}],\"doc\":\"Commerce details of the line item.\",\"default\":null},{\"name\":\"order\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Order\",\"doc\":\"A whole order, for custom interactions of kind order.\",\"fields\":[{\"name\":\"order_id\",\"type\":\"string\",\"doc\":\"Order.\"},{\"name\":\"total\",\"type\":\"string\",\"doc\":\"Total as a decimal string, in currency.\"},{\"name\":\"currency\",\"type\":\"string\",\"doc\":\"ISO 4217 code.\"},{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"OrderItem\",\"doc\":\"One line of the order.\",\"fields\":[{\"name\":\"item_id\",\"type\":\"string\",\"doc\":\"Item.\"},{\"name\":\"quantity\",\"type\":\"double\",\"doc\":\"Units.\"},{\"name\":\"unit_price\",\"type\":\"string\",\"doc\":\"Price of one unit as a decimal string.\"}]}},\"doc\":\"Lines, at most 200.\",\"default\":[]}]}],\"doc\":\"The order of a custom interaction of kind order.\",\"default\":null},{\"name\":\"watch\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Watch\",\"doc\":\"How much of a video or stream was watched.\",\"fields\":[{\"name\":\"duration_ms\",\"type\":[\"null\",\"long\"],\"doc\":\"Length of the content in milliseconds.\",\"default\":null},{\"name\":\"completion\",\"type\":[\"null\",\"double\"],\"doc\":\"Share watched, 0 to 1.\",\"default\":null}]}],\"doc\":\"Watch details.\",\"default\":null},{\"name\":\"properties\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"Free properties, at most 32 keys and 4 KiB; empty without consent full.\",\"default\":{}},{\"name\":\"trace\",\"type\":[\"null\",\"string\"],\"doc\":\"W3C traceparent of the request that brought it.\",\"default\":null},{\"name\":\"item_known\",\"type\":\"boolean\",\"doc\":\"False where the catalogue does not know the item.\",\"default\":false},{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"Tags of the item, normalised.\",\"default\":[]},{\"name\":\"locale\",\"type\":[\"null\",\"string\"],\"doc\":\"Locale of the user, from the user record.\",\"default\":null},{\"name\":\"segment\",\"type\":\"string\",\"doc\":\"Popularity segment: surface|locale, either part empty where unknown.\",\"default\":\"|\"}]}",
);
