import { Agent as HttpAgent, type RequestOptions, request as requestPlain } from 'node:http';
import { Agent as HttpsAgent, request as requestTls } from 'node:https';
import type { TlsIdentity } from '../../kernel/server-connections.ts';

export interface SendOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Ends the exchange, in whatever state it is. */
  readonly signal: AbortSignal;
}

/** One exchange over HTTP; rejects where no whole answer came. Redirects are answers like any other. */
export type Send = (url: string, options: SendOptions) => Promise<{ readonly status: number; readonly text: string }>;

/** Over node:https: fetch can be told of certificates by a package of its own alone. Idle connections keep no process alive. */
export function createSend(tls: TlsIdentity = {}): Send {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({ keepAlive: true, ...tls });
  return (url, { method, headers, body, signal }) => {
    const isTls = url.startsWith('https:');
    const open = isTls ? requestTls : requestPlain;
    const options: RequestOptions = { method, headers: withLength(headers, body), signal };
    return new Promise((resolve, reject) => {
      const request = open(url, { ...options, agent: isTls ? secure : plain }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      request.once('error', (error) => reject(signal.aborted ? signal.reason : error));
      request.end(body);
    });
  };
}

function withLength(headers: Readonly<Record<string, string>>, body: string | undefined): Record<string, string> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}
