import { append, type OutboxEvent } from 'freshet/outbox';
import type { Pool, PoolClient } from 'pg';

export interface Order {
  readonly orderId: string;
  readonly userId: string;
  readonly currency: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number; readonly unitPrice: string }[];
}

/** Foreseen: nothing of the order is kept, and nobody will hear of it. */
export class OutOfStock extends Error {
  readonly itemId: string;
  constructor(itemId: string) {
    super(`there is not enough of ${itemId}`);
    this.itemId = itemId;
  }
}

/** One purchase a line; the ids stay the same if the order is ever sent again. */
function eventsOf({ orderId, userId, currency, lines }: Order): OutboxEvent[] {
  return lines.map(({ itemId, quantity, unitPrice }, line) => ({
    event_id: `order-${orderId}-line-${line + 1}`,
    user_id: userId,
    item_id: itemId,
    type: 'purchase',
    value: quantity,
    commerce: { order_id: orderId, unit_price: unitPrice, currency },
  }));
}

async function takeFromStock(client: PoolClient, { lines }: Order): Promise<void> {
  for (const { itemId, quantity } of lines) {
    const taken = await client.query(
      'UPDATE stock SET quantity = quantity - $2 WHERE item_id = $1 AND quantity >= $2',
      [itemId, quantity],
    );
    if (taken.rowCount === 0) throw new OutOfStock(itemId);
  }
}

/** Order, stock and events in one transaction: all of them or none. Throws OutOfStock. */
export async function placeOrder(pool: Pool, order: Order): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO orders (order_id, user_id, currency) VALUES ($1, $2, $3)', [
      order.orderId,
      order.userId,
      order.currency,
    ]);
    await append(client, eventsOf(order)); // wherever it stands: what follows can still undo it
    await takeFromStock(client, order);
    for (const [line, { itemId, quantity, unitPrice }] of order.lines.entries()) {
      await client.query('INSERT INTO order_line VALUES ($1, $2, $3, $4, $5)', [
        order.orderId,
        line + 1,
        itemId,
        quantity,
        unitPrice,
      ]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // a connection that broke has undone it
    throw error;
  } finally {
    client.release();
  }
}
