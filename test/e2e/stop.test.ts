import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCuttableLink } from '../support/cuttable-link.ts';
import { eventually } from '../support/eventually.ts';
import { startRun } from '../support/freshet-child.ts';
import { openShopper } from '../support/shopper.ts';
import { createInstalledWorkspace } from '../support/whole-process.ts';
import type { Workspace } from '../support/workspace.ts';

/** A process ends by itself within 25 s, but with code 1 where something hung. */
const withinMs = 30_000;
let workspace: Workspace;

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'e2e-stop' });
});
afterAll(() => workspace?.close());

const levels = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as { level: number }).level);

describe('a process with every role that is told to stop', () => {
  it('answers what is in flight, leaves nothing open and ends by itself', async () => {
    await using run = await startRun(workspace.env);
    const shopper = openShopper(run.url);
    await shopper.post('/v1/items:upsert', { items: [{ namespace: 'shop', item_id: 'a', revision: 1 }] });
    await shopper.listReflecting('anna', await shopper.tell({ user_id: 'anna', item_id: 'a' }));
    const inFlight = Array.from({ length: 20 }, (_, n) => shopper.tell({ user_id: `user-${n}`, item_id: 'a' }));
    await Promise.race(inFlight);
    run.send('SIGTERM');
    const answers = await Promise.allSettled(inFlight);
    expect(await run.ended(withinMs)).toEqual({ code: 0, signal: null });
    expect(levels(run.lines).filter((level) => level >= 50)).toEqual([]);
    const accepted = answers.filter(({ status }) => status === 'fulfilled').length;

    await using again = await startRun(workspace.env);
    const client = openShopper(again.url);
    const repeated = await client.post('/v1/events:batch', {
      events: Array.from({ length: 20 }, (_, n) => ({
        event_id: `told-${n + 2}`,
        namespace: 'shop',
        user_id: `user-${n}`,
        item_id: 'a',
        type: 'click',
      })),
    });
    const duplicates = repeated.filter(({ status }) => status === 'duplicate').length;
    expect(duplicates).toBeGreaterThanOrEqual(accepted);
    again.send('SIGINT');
    expect(await again.ended(withinMs)).toEqual({ code: 0, signal: null });
  });

  it('ends at once at the second signal, whatever the first one waits for', async () => {
    const direct = new URL(workspace.config.FRESHET_POSTGRES_URL);
    const link = await createCuttableLink({ host: direct.hostname, port: Number(direct.port) });
    try {
      direct.host = `127.0.0.1:${link.port}`;
      await using run = await startRun({ ...workspace.env, FRESHET_POSTGRES_URL: direct.href });
      link.freeze();
      run.send('SIGTERM');
      await eventually(() => expect(run.lines.some((line) => line.includes('"msg":"stopping"'))).toBe(true));
      run.send('SIGTERM');
      expect(await run.ended(withinMs)).toEqual({ code: 143, signal: null });
    } finally {
      await link.close();
    }
  });
});
