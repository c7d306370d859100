import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from './authority.ts';

export const registryAccount = { username: 'freshet', password: 'p@ss:/%40 and more' } as const;

/** A registry behind TLS that asks who comes in for the account, or for a certificate of the authority. */
export interface SecuredRegistry {
  readonly url: string;
  close(): Promise<void>;
}

export interface SecuredRegistryOptions {
  /** The registry behind it. */
  readonly target: string;
  readonly authority: Authority;
  readonly asks: 'account' | 'certificate';
}

const expected = `Basic ${Buffer.from(`${registryAccount.username}:${registryAccount.password}`).toString('base64')}`;

export async function openSecuredRegistry(options: SecuredRegistryOptions): Promise<SecuredRegistry> {
  const { authority, asks } = options;
  const { hostname, port, pathname } = new URL(options.target);
  const { certFile, keyFile } = authority.issue(`registry-${asks}`);
  const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const clients = { ca: readFileSync(authority.caFile), requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...files, ...(asks === 'certificate' && clients) }, (from, to) => {
    const { method, headers, url } = from;
    if (asks === 'account' && headers.authorization !== expected) {
      to.writeHead(401, { 'content-type': 'application/json' }).end('{"error_code":401,"message":"Unauthorized"}');
      return;
    }
    const onward = request({ host: hostname, port, method, headers, path: url ?? '/' }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.once('error', () => to.destroy());
    from.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}${pathname}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
