import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { FreshetError } from 'freshet/outbox';
import pg from 'pg';
import { OutOfStock, placeOrder } from './place-order.ts';

const { ORDERS_DATABASE_URL, PORT = '3000' } = process.env;
if (!ORDERS_DATABASE_URL) throw new Error('set ORDERS_DATABASE_URL, such as postgres://orders@127.0.0.1:5432/orders');
const pool = new pg.Pool({ connectionString: ORDERS_DATABASE_URL });
pool.on('error', (error) => process.stderr.write(`an idle connection broke: ${error.message}\n`));

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function answer(request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'POST' || request.url !== '/orders') return { status: 404, body: { error: 'POST /orders' } };
  try {
    const order = JSON.parse(await text(request));
    await placeOrder(pool, order);
    return { status: 201, body: { order_id: order.orderId } };
  } catch (error) {
    if (error instanceof OutOfStock) return { status: 409, body: { error: error.message } };
    if (error instanceof FreshetError || error instanceof SyntaxError)
      return { status: 400, body: { error: error.message } };
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    return { status: 500, body: { error: 'the order was not placed' } };
  }
}

const server = createServer((request, response) => {
  void answer(request).then(({ status, body }) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
server.listen(Number(PORT), '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => {
  server.close(() => pool.end());
});
