import { bodyLimit } from '../../domain/intake/request-limits.ts';
import { isTooDeep, tooDeep } from '../../kernel/json-depth.ts';
import type { Problem } from '../../kernel/problem.ts';

export type BodyResult =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly problem: Problem };

const refuse = (status: number, code: string, detail: string, limit?: number): BodyResult => ({
  ok: false,
  problem: limit === undefined ? { status, code, detail } : { status, code, detail, limit },
});

const tooLarge = () => refuse(413, 'body_too_large', `the body has more than ${bodyLimit} bytes`, bodyLimit);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Bytes as JSON in UTF-8, at most 1 MiB and 32 deep, whichever door they came through. */
export function parseJson(bytes: Uint8Array): BodyResult {
  if (bytes.byteLength > bodyLimit) return tooLarge();
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(bytes));
  } catch {
    return refuse(400, 'malformed_json', 'the body is not JSON in UTF-8');
  }
  return isTooDeep(body) ? { ok: false, problem: tooDeep } : { ok: true, body };
}

/**
 * With a Content-Length Node lets exactly that many bytes through, and they need no web stream, which costs 0.08 ms.
 * Without one they are counted while they are read.
 */
async function readBytes(request: Request): Promise<Uint8Array | undefined> {
  const announced = request.headers.get('content-length');
  if (announced !== null)
    return Number(announced) > bodyLimit ? undefined : new Uint8Array(await request.arrayBuffer());
  if (request.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > bodyLimit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks, size);
}

const mediaType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i;
/** The body as JSON: `application/json`, UTF-8, uncompressed, at most 1 MiB. */
export async function readJson(request: Request): Promise<BodyResult> {
  if (!mediaType.test(request.headers.get('content-type')?.trim() ?? '')) {
    return refuse(415, 'unsupported_media_type', 'the body must be application/json in UTF-8');
  }
  if (!/^(identity)?$/i.test(request.headers.get('content-encoding')?.trim() ?? '')) {
    return refuse(415, 'unsupported_encoding', 'the body must not be compressed');
  }
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readBytes(request);
  } catch {
    return refuse(400, 'body_incomplete', 'the connection broke before the body was read');
  }
  return bytes === undefined ? tooLarge() : parseJson(bytes);
}
