import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { isTooDeep, tooDeep } from '../../pipeline/kernel/json-depth.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import { refuse } from './refuse.ts';

const mostBytes = 128 * 1_024;
const jsonType = /^application\/json\s*(;|$)/i;

/** Refuses bodies over 128 KiB; to be put before routes that read one. */
export const limitedBody = bodyLimit({
  maxSize: mostBytes,
  onError: (c: Context<IdentityEnv>) =>
    refuse(c, {
      status: 413,
      code: 'body_too_large',
      detail: `The body may have ${mostBytes} bytes.`,
      limit: mostBytes,
    }),
});

/** The body as JSON; a body that is not, as the answer that refuses it. */
export async function readJsonBody(c: Context<IdentityEnv>): Promise<{ readonly body: unknown } | Response> {
  if (!jsonType.test(c.req.header('content-type') ?? '')) {
    return refuse(c, { status: 415, code: 'unsupported_media_type', detail: 'The body must be application/json.' });
  }
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch {
    return refuse(c, { status: 400, code: 'malformed_json', detail: 'The body must be JSON.', path: '$' });
  }
  return isTooDeep(body) ? refuse(c, { ...tooDeep, path: '$' }) : { body };
}
