import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { CursorGone, type Products } from './products.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const path = '/api/products';

function list(products: Products, url: URL): Answer {
  const limit = Number(url.searchParams.get('limit') ?? 500);
  const updatedSince = url.searchParams.get('updated_since');
  if (!Number.isInteger(limit) || limit < 1)
    return { status: 400, body: { error: 'limit is a whole number from 1 on' } };
  if (updatedSince !== null && Number.isNaN(Date.parse(updatedSince))) {
    return { status: 400, body: { error: 'updated_since is an ISO-8601 instant' } };
  }
  return { status: 200, body: products.page({ updatedSince, cursor: url.searchParams.get('cursor'), limit }) };
}

async function change(products: Products, request: IncomingMessage, id: string): Promise<Answer> {
  if (request.method === 'PUT') return { status: 200, body: products.put(id, JSON.parse(await text(request))) };
  if (request.method !== 'DELETE') return { status: 405, body: { error: 'PUT or DELETE' } };
  return products.remove(id) ? { status: 204, body: undefined } : { status: 404, body: { error: 'no such product' } };
}

async function answer(products: Products, request: IncomingMessage, token: string): Promise<Answer> {
  if (token !== '' && request.headers.authorization !== `Bearer ${token}`)
    return { status: 401, body: { error: 'token' } };
  const url = new URL(request.url ?? '/', 'http://localhost');
  try {
    if (url.pathname === path && request.method === 'GET') return list(products, url);
    if (url.pathname.startsWith(`${path}/`)) {
      return await change(products, request, decodeURIComponent(url.pathname.slice(path.length + 1)));
    }
    return { status: 404, body: { error: `GET ${path}, PUT or DELETE ${path}/{id}` } };
  } catch (error) {
    if (error instanceof CursorGone) return { status: 410, body: { error: error.message } };
    if (error instanceof SyntaxError || error instanceof URIError)
      return { status: 400, body: { error: error.message } };
    throw error;
  }
}

/** The products by HTTP; `token` is asked for where it is not empty. Not listening yet. */
export function createApi(products: Products, token = ''): Server {
  return createServer((request, response) => {
    answer(products, request, token).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      },
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
        response.writeHead(500).end();
      },
    );
  });
}
