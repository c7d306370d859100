import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { IdentityEnv } from '../middleware/identity.ts';
import { createDocument, type DocumentOptions } from './document.ts';
import { pageOf } from './page/page.ts';
import { style } from './page/style.ts';

/** Long enough that readers do not ask for each click; a deployment is seen a minute later. */
const cacheControl = 'public, max-age=60, must-revalidate';

const sha256 = (text: string) => createHash('sha256').update(text);

/** Nothing is loaded from anywhere: no script, no image, no font; the one style stands in the page. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${sha256(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Text {
  readonly text: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `GET /openapi.json` and `GET /docs`, the same document to programs and to people. Made once, when first asked for. */
export function openapiRoutes(options: DocumentOptions): Hono<IdentityEnv> {
  let made: { readonly json: Text; readonly page: Text } | undefined;
  const texts = () => {
    made ??= textsOf(options);
    return made;
  };
  return new Hono<IdentityEnv>()
    .get('/openapi.json', (c) => answer(c, texts().json))
    .get('/docs', (c) => answer(c, texts().page));
}

function textsOf(options: DocumentOptions): { readonly json: Text; readonly page: Text } {
  const document = createDocument(options);
  const text = (body: string, headers: Readonly<Record<string, string>>): Text => ({
    text: body,
    etag: `"${sha256(body).digest('base64url').slice(0, 22)}"`,
    headers: { ...headers, 'cache-control': cacheControl, 'x-content-type-options': 'nosniff' },
  });
  return {
    json: text(JSON.stringify(document), { 'content-type': 'application/json' }),
    page: text(pageOf(document), {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    }),
  };
}

function answer(c: Context<IdentityEnv>, { text, etag, headers }: Text): Response {
  if (isKnown(c.req.header('if-none-match'), etag)) {
    return c.body(null, 304, { etag, 'cache-control': cacheControl });
  }
  return c.body(text, 200, { ...headers, etag });
}

/** `If-None-Match` compares weakly, and may list several (RFC 9110, 13.1.2). */
const isKnown = (given: string | undefined, etag: string): boolean =>
  (given ?? '').split(',').some((one) => [etag, `W/${etag}`, '*'].includes(one.trim()));
