import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { withLock } from '../lock.ts';
import { cacheFolder } from '../paths.ts';
import type { OnProgress } from '../progress.ts';
import { mustRun } from '../run-tool.ts';
import { createDownloadMeter, expectedBytes } from './download-progress.ts';
import { findMaven } from './java.ts';

const pom = join(import.meta.dirname, '..', 'pom.xml');

/** Names of this machine in the artifacts of Postgres and of Redis. */
function platform(): { postgres: string; redis: string } {
  const key = `${process.platform}-${process.arch}`;
  const known: Readonly<Record<string, { postgres: string; redis: string }>> = {
    'linux-x64': { postgres: 'linux-amd64', redis: 'linux-amd64' },
    'linux-arm64': { postgres: 'linux-arm64v8', redis: 'linux-arm64' },
    'darwin-x64': { postgres: 'darwin-amd64', redis: 'darwin-amd64' },
    'darwin-arm64': { postgres: 'darwin-arm64v8', redis: 'darwin-arm64' },
  };
  const found = known[key];
  if (found) return found;
  throw new FreshetError(
    'stack_platform_unknown',
    `there are no embedded servers for ${key}: use Docker or servers that run`,
  );
}

async function fill(folder: string, onProgress: OnProgress): Promise<void> {
  const { postgres, redis } = platform();
  const mvn = await findMaven();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  copyFileSync(pom, join(folder, 'pom.xml')); // Maven writes its markers beside the pom
  const meter = createDownloadMeter();
  onProgress({ subject: 'download', text: 'fetching the servers from Maven Central', share: 0 });
  await mustRun({
    command: mvn,
    args: [
      '-f',
      join(folder, 'pom.xml'),
      '-Dstyle.color=never',
      `-Dstack.out=${folder}`,
      `-Dpostgres.platform=${postgres}`,
      'process-resources',
    ],
    cwd: folder,
    onOutput(text) {
      const bytes = meter(text);
      const share = Math.min(0.99, bytes / expectedBytes);
      onProgress({ subject: 'download', text: `${Math.round(bytes / 1_000_000)} MB from Maven Central`, share });
    },
  });
  const tar = join(folder, 'postgres', 'postgres.tar');
  await mustRun({ command: 'tar', args: ['-xf', tar, '-C', join(folder, 'postgres')] });
  rmSync(tar);
  const redisServer = join(folder, 'redis', 'redis-server');
  copyFileSync(join(folder, 'redis', `redis-server-7.0.15-${redis}`), redisServer);
  chmodSync(redisServer, 0o755);
  await mustRun({ command: 'chmod', args: ['-R', 'a+rX', folder] });
}

/**
 * The folder with the servers' binaries, downloaded once a machine and user: other checkouts wait for the one
 * that fetches, and a folder under its final name is complete, whatever was interrupted before.
 */
export async function installServers(onProgress: OnProgress): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(pom)).update(platform().postgres).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), `servers-${hash}`);
  if (existsSync(folder)) return folder;
  const onWait = () =>
    onProgress({ subject: 'download', text: 'waiting for another checkout that fetches the servers' });
  await withLock({ path: `${folder}.lock`, onWait }, async () => {
    if (existsSync(folder)) return;
    await fill(`${folder}.new`, onProgress);
    renameSync(`${folder}.new`, folder);
  });
  onProgress({ subject: 'download', text: 'servers are in place', share: 1 });
  return folder;
}
