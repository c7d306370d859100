import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withLock } from '../../../../ops/stack/lock.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { eventually } from '../../../support/eventually.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-lock-'));
const lockModule = join(checkoutRoot(), 'ops', 'stack', 'lock.ts');

/** Another process that takes the lock, makes a file once it holds it, and keeps it. */
function holdElsewhere(path: string, sign: string) {
  const code = `
    import { writeFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(lockModule)};
    await withLock({ path: ${JSON.stringify(path)} }, async () => {
      writeFileSync(${JSON.stringify(sign)}, '');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
}

describe('a lock', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lets one at a time work', async () => {
    const path = join(folder, 'one', 'lock');
    const order: string[] = [];
    const work = (name: string) =>
      withLock({ path }, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} out`);
      });
    await Promise.all([work('a'), work('b'), work('c')]);
    expect(order.filter((_, index) => index % 2 === 0).map((entry) => entry.replace('in', 'out'))).toEqual(
      order.filter((_, index) => index % 2 === 1),
    );
  });

  it('is free again when its holder was killed, and says that it waits while it is not', async () => {
    const path = join(folder, 'killed');
    const sign = join(folder, 'held');
    const holder = holdElsewhere(path, sign);
    await eventually(() => expect(existsSync(sign)).toBe(true));
    let waits = 0;
    const result = await withLock(
      {
        path,
        onWait() {
          waits += 1;
          holder.kill('SIGKILL');
        },
      },
      async () => 'mine',
    );
    expect([result, waits]).toEqual(['mine', 1]);
  });

  it('is free again after work that failed', async () => {
    const path = join(folder, 'failed');
    await expect(withLock({ path }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock({ path }, async () => 'mine')).toBe('mine');
  });

  it('gives up when its time is over', async () => {
    const path = join(folder, 'timeout');
    const late = withLock({ path }, () => withLock({ path, timeoutMs: 1 }, async () => 'never'));
    await expect(late).rejects.toMatchObject({ code: 'lock_timeout' });
  });
});
