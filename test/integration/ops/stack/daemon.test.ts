import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DaemonSpec, logTail, startDaemon, stopDaemon } from '../../../../ops/stack/daemon.ts';
import { identityOf, isAlive } from '../../../../ops/stack/process-identity.ts';
import { eventually } from '../../../support/eventually.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-daemon-'));

const node = (name: string, code: string): DaemonSpec & { logFile: string } => ({
  command: process.execPath,
  args: ['-e', code],
  cwd: folder,
  logFile: join(folder, `${name}.log`),
});

describe('a daemon', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('runs in a session of its own, writes to its log and ends when told', async () => {
    const spec = node('plain', "console.log('here'); setInterval(() => {}, 1000)");
    const ref = await startDaemon(spec);
    await eventually(() => expect(logTail(spec.logFile)).toBe('here'));
    expect(isAlive(ref)).toBe(true);
    await stopDaemon(ref, { signal: 'SIGTERM', graceMs: 5_000 });
    expect(isAlive(ref)).toBe(false);
  });

  it('is killed when it does not end in time', async () => {
    const spec = node('stubborn', "process.on('SIGTERM', () => {}); console.log('here'); setInterval(() => {}, 1000)");
    const ref = await startDaemon(spec);
    await eventually(() => expect(logTail(spec.logFile)).toBe('here'));
    await stopDaemon(ref, { signal: 'SIGTERM', graceMs: 100 });
    expect(isAlive(ref)).toBe(false);
  });

  it('is never confused with another process that got its number', async () => {
    const ref = await startDaemon(node('bystander', 'setInterval(() => {}, 1000)'));
    const earlier = { pid: ref.pid, identity: 'of a process that ended before' };
    expect(isAlive(earlier)).toBe(false);
    await stopDaemon(earlier, { signal: 'SIGKILL', graceMs: 100 });
    expect(isAlive(ref)).toBe(true);
    await stopDaemon(ref, { signal: 'SIGKILL', graceMs: 5_000 });
  });

  it('has no identity when there is no such process', () => {
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
    expect(identityOf(process.pid)).toBeDefined();
  });
});
