import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';

// Below the ports that outgoing connections take (32768 and up on Linux, 49152 elsewhere), so that
// a server which is stopped for a while finds its port free again.
const first = 20_000;
const count = 12_000;

type Claims = Record<string, number[]>;

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function readClaims(path: string): Claims {
  if (!existsSync(path)) return {};
  const claims = JSON.parse(readFileSync(path, 'utf8')) as Claims;
  return Object.fromEntries(Object.entries(claims).filter(([folder]) => existsSync(folder)));
}

/**
 * Free ports for the stack in `folder`, claimed in a machine-wide file so that checkouts starting
 * at the same moment, or one whose stack is down just now, never get the same ones. `kept` are those it has and keeps.
 */
export async function claimPorts(folder: string, howMany: number, kept: readonly number[] = []): Promise<number[]> {
  const path = join(cacheFolder(), 'ports.json');
  return withLock({ path: `${path}.lock` }, async () => {
    const claims = readClaims(path);
    delete claims[folder];
    const taken = new Set([...Object.values(claims).flat(), ...kept]);
    const ports: number[] = [];
    const start = Math.floor(Math.random() * count);
    for (let step = 0; step < count && ports.length < howMany; step += 1) {
      const port = first + ((start + step) % count);
      if (!taken.has(port) && (await isPortFree(port))) ports.push(port);
    }
    if (ports.length < howMany)
      throw new FreshetError('stack_no_port', `no free port between ${first} and ${first + count}`);
    writeFileSync(`${path}.new`, JSON.stringify({ ...claims, [folder]: [...kept, ...ports] }, null, 2));
    renameSync(`${path}.new`, path);
    return ports;
  });
}
