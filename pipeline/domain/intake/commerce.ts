import type { Commerce, Order, OrderItem, Watch } from '../../../schemas/generated/interaction-recorded.v1.ts';
import {
  type Fields,
  has,
  readNumber,
  readObject,
  readObjects,
  readText,
  refuseUnknown,
  report,
  requireNumber,
  requireText,
} from './fields.ts';
import { currencyRule, decimalRule, idRule } from './text.ts';

export const orderItemLimit = 200;
export const commerceFields: ReadonlySet<string> = new Set(['cart_id', 'order_id', 'unit_price', 'currency']);
const orderFields = new Set(['order_id', 'total', 'currency', 'items']);
const orderItemFields = new Set(['item_id', 'quantity', 'unit_price']);
const watchFields = new Set(['duration_ms', 'completion']);
export const watchRules = { durationMs: { min: 0, max: 1e11, integer: true }, completion: { min: 0, max: 1 } } as const;

/** Units of one line; fractions are allowed, as for goods sold by weight. */
export const quantityRule = { min: 0, max: 1_000_000 };

/** One line of a cart or an order; null where nothing is said about it. */
export function readCommerce(commerce: Fields | null): Commerce | null {
  if (commerce === null) return null;
  refuseUnknown(commerce, commerceFields);
  const result: Commerce = {
    cartId: readText(commerce, 'cart_id', idRule),
    orderId: readText(commerce, 'order_id', idRule),
    unitPrice: readText(commerce, 'unit_price', decimalRule),
    currency: readText(commerce, 'currency', currencyRule),
  };
  return Object.values(result).every((value) => value === null) ? null : result;
}

function readOrderItem(item: Fields): OrderItem {
  refuseUnknown(item, orderItemFields);
  return {
    itemId: requireText(item, 'item_id', idRule),
    quantity: requireNumber(item, 'quantity', quantityRule),
    unitPrice: requireText(item, 'unit_price', decimalRule),
  };
}

/** A whole order with its lines. */
export function readOrder(fields: Fields): Order | null {
  const order = readObject(fields, 'order');
  if (order === null) return null;
  refuseUnknown(order, orderFields);
  if (!has(order, 'items')) report(order, 'items', { code: 'required', message: 'is required' });
  const items = readObjects(order, 'items', orderItemLimit, readOrderItem);
  if (Array.isArray(order.source.items) && order.source.items.length === 0) {
    report(order, 'items', { code: 'too_few', message: 'must not be empty', limit: 1 });
  }
  return {
    orderId: requireText(order, 'order_id', idRule),
    total: requireText(order, 'total', decimalRule),
    currency: requireText(order, 'currency', currencyRule),
    items: items ?? [],
  };
}

/** How much was watched; null where nothing is said about it. */
export function readWatch(fields: Fields): Watch | null {
  const watch = readObject(fields, 'watch');
  if (watch === null) return null;
  refuseUnknown(watch, watchFields);
  const durationMs = readNumber(watch, 'duration_ms', watchRules.durationMs);
  const completion = readNumber(watch, 'completion', watchRules.completion);
  return durationMs === null && completion === null ? null : { durationMs, completion };
}
