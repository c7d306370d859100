import type { AddressInfo } from 'node:net';
import { createApi } from './api.ts';
import { openProducts } from './products.ts';

const { PORT = '3001', CATALOG_TOKEN = '' } = process.env;
const products = openProducts();
products.put('mug', { title: 'Mug', price: '9.90', currency: 'EUR', tags: ['category:kitchen', 'color:white'] });
products.put('lamp', { title: 'Lamp', price: '49.00', currency: 'EUR', tags: ['category:light'] });

const server = createApi(products, CATALOG_TOKEN);
server.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening on http://127.0.0.1:${port}/api/products\n`);
});
process.once('SIGTERM', () => void server.close());
